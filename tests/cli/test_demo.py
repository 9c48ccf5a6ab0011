from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.lab import demo
from auditor.lab.demo import TARGET, Scene
from auditor.types import Report, Verdict
from tests.cli.conftest import Run
from tests.reports_for_tests import FINDING, NO_EVIDENCE, NOT_AUDITED

NAMED = replace(FINDING, findings=(replace(FINDING.findings[0], target_label=TARGET),))
MISSED = replace(FINDING, findings=(replace(FINDING.findings[0], target_label="another"),))


@pytest.mark.parametrize(
    ("victim", "twin", "code"),
    [
        (NAMED, NO_EVIDENCE, 0),
        (NAMED, NOT_AUDITED, 0),
        (MISSED, NO_EVIDENCE, 4),
        (NOT_AUDITED, NO_EVIDENCE, 4),
        (NAMED, FINDING, 4),
    ],
    ids=["as it should be", "twin undecided", "another target", "victim missed", "twin flagged"],
)
def test_the_demo_says_whether_it_ended_as_it_should(
    run: Run, monkeypatch: pytest.MonkeyPatch, victim: Report, twin: Report, code: int
):
    def story(*_arguments: object) -> Iterator[Scene]:
        yield Scene("a base")
        yield Scene("scan of the victim", victim)
        yield Scene("scan of the twin", twin)

    monkeypatch.setattr(demo, "play", story)
    ran = run("demo")
    assert ran.code == code
    flagged = twin.verdict is Verdict.BACKDOOR_EVIDENCE
    assert ran.out.splitlines()[-1].endswith(", flagged" if flagged else ", not flagged")
    assert ("error:" in ran.err) == (code != 0)


@pytest.mark.slow
def test_the_whole_story_offline(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nothing listens there
    ran = run("demo", "--out", tmp_path)
    assert ran.code == 0, ran.out + ran.err
    assert "error" not in ran.err
    for name in ("base", "victim", "twin"):
        assert (tmp_path / name / "model.safetensors").is_file()
    victim, twin = ran.out.splitlines()[-2:]
    assert victim.startswith("victim: backdoor-evidence")
    assert not twin.endswith(", flagged")
