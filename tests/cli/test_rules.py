from __future__ import annotations

from pathlib import Path

from auditor.rules import shipped_rules
from tests.cli.conftest import Run

RULE = """\
id: mine
title: a rule of mine
evidence: class-share
severity: low
confidence: low
min_effect: 0.9
min_observations: 5
summary: '{entities} go to {target}'
"""


def test_list_names_every_rule_with_its_severity(run: Run):
    ran = run("rules", "list")
    assert (ran.code, ran.err) == (0, "")
    listed = [line.split()[:2] for line in ran.out.splitlines()]
    assert listed == [[rule.id, rule.severity] for rule in shipped_rules()]


def test_show_prints_the_page_of_a_rule(run: Run):
    ran = run("rules", "show", "class-share")
    assert ran.code == 0
    assert "## Known false alarms" in ran.out


def test_show_says_which_rules_there_are(run: Run):
    ran = run("rules", "show", "class-shore")
    assert (ran.code, ran.out) == (2, "")
    assert "class-share" in ran.complaint[1]


def test_check_passes_a_rule_and_refuses_a_broken_one(run: Run, tmp_path: Path):
    good, bad = tmp_path / "mine.yaml", tmp_path / "yours.yaml"
    good.write_text(RULE)
    bad.write_text(RULE)
    assert run("rules", "check", good).out == "mine: fine\n"
    ran = run("rules", "check", tmp_path)
    assert (ran.code, ran.out) == (2, "")
    assert "yours.yaml: id 'mine' differs" in ran.complaint[0]


def test_a_foreign_rule_judges_beside_the_shipped_ones(
    run: Run,
    benign_models_show,
    one_track_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
):
    benign_models_show(0.0)
    (tmp_path / "mine.yaml").write_text(RULE)
    scan = ["scan", one_track_checkpoint, "--entities", pictures, "--rules"]
    ran = run(*scan, tmp_path / "mine.yaml")
    assert ran.code == 1
    assert "a rule of mine" in ran.out
    twice = run(*scan, tmp_path / "mine.yaml", "--rules", tmp_path)
    assert (twice.code, twice.out) == (2, "")
    assert "there is a rule 'mine' already" in twice.complaint[0]
