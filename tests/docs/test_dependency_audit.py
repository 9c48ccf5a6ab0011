"""The dependency audit never passes for what it did not look up."""

from __future__ import annotations

from tools.dependency_audit import verdict

FINE = {"name": "numpy", "version": "2.4.6", "vulns": []}
SKIPPED = {"name": "torch", "skip_reason": "not found"}
BAD = {
    "name": "pillow",
    "version": "9.0",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["9.1"], "aliases": []}],
}


def test_no_answer_is_no_pass():
    for answer in (None, [], [SKIPPED]):
        (line,), code = verdict(answer)
        assert code == 0
        assert "NOT DONE" in line
        assert "no vulnerability" not in line


def test_what_was_not_looked_up_is_named():
    lines, code = verdict([FINE, SKIPPED])
    assert (len(lines), code) == (1, 0)
    assert "1 packages looked up" in lines[0]
    assert lines[0].endswith("NOT looked up: torch")


def test_a_known_vulnerability_fails():
    lines, code = verdict([FINE, BAD])
    assert code == 1
    assert "pillow 9.0: PYSEC-1, fixed in 9.1" in lines[0]
    assert "no vulnerability is known" not in lines[1]
