from __future__ import annotations

import importlib.util
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import auditor
import auditor.audit
from auditor.audit import verdict_of
from auditor.config import ScanSettings
from auditor.errors import CheckpointError, UsageError
from auditor.evidence.gather import Gathered
from auditor.evidence.stages import Stage
from auditor.judge import Judgement
from auditor.output.json_v1 import render, to_v1
from auditor.probes.run import STAGE
from auditor.probes.views import VIEWS
from auditor.types import Report, Skip, Verdict
from tests.reports_for_tests import FINDING
from tests.small_models import ENTITIES, LABELS, NOT_GIVEN, constant_null, noise, staged_null

GATHERED = Gathered(evidence=(), ranking=(), model_statistic=1.0, model_p_value=0.4)
QUIET = Judgement(findings=(), skips=())
DOUBT = Judgement(findings=(), skips=(Skip(subject="a rule", reason="undecided"),))
LOUD = Judgement(findings=FINDING.findings, skips=())


@pytest.fixture
def null(monkeypatch: pytest.MonkeyPatch):
    """Benign models that all show the value given."""

    def show(value: float) -> None:
        monkeypatch.setattr(auditor.audit, "stored_null", lambda source: constant_null(value))

    return show


def timeless(report: Report) -> str:
    """Everything in a report but when it was made and what it took."""
    cost = replace(report.cost, seconds=0.0, seconds_model=0.0, peak_rss_bytes=0)
    cost = replace(cost, forward_passes=0, remembered=0)
    return render(replace(report, started="", finished="", cost=cost))


def test_a_scan_from_python_takes_the_names_of_the_options(
    null, one_track_checkpoint: Path, pictures: Path
):
    null(0.0)
    report = auditor.scan(
        str(one_track_checkpoint),
        entities=str(pictures),
        depth="deep",
        fpr=0.05,
        seed=5,
        batch_size=9,
    )
    assert report.verdict is Verdict.BACKDOOR_EVIDENCE
    assert report.false_positive_rate == 0.05
    assert report.settings["depth"] == "deep"
    assert report.settings["seed"] == 5
    assert report.findings[0].target_label == LABELS[0]
    assert {entity.name for entity in report.entities} == set(ENTITIES)


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(UsageError) as caught:
        auditor.scan("org/name", entitys="pictures")
    assert "'entities'" in caught.value.hint


def test_what_cannot_be_loaded_is_raised(tmp_path: Path):
    with pytest.raises(CheckpointError):
        auditor.scan(str(tmp_path / "nothing"))


def test_a_stored_report_is_read_back_as_it_was(
    null, one_track_checkpoint: Path, pictures: Path, tmp_path: Path
):
    null(0.0)
    report = auditor.scan(one_track_checkpoint, entities=pictures)
    path = tmp_path / "report.json"
    path.write_text(render(report), encoding="utf-8")
    assert auditor.load_report(str(path)) == to_v1(report)


@pytest.mark.parametrize("content", [None, b"", b"\xff", b"{}", b'{"schema_version": "2"}'])
def test_what_is_no_report_is_refused(tmp_path: Path, content: bytes | None):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError):
        auditor.load_report(str(path))


def test_the_same_seed_gives_the_same_report(null, tiny_checkpoint: Path, pictures: Path):
    null(0.0)
    first, second = (
        timeless(auditor.scan(tiny_checkpoint, entities=pictures, depth="quick", seed=3))
        for _ in range(2)
    )
    assert first == second


def test_another_seed_asks_for_other_pictures(null, tiny_checkpoint: Path, pictures: Path):
    null(0.0)
    first, second = (
        auditor.scan(tiny_checkpoint, entities=pictures, depth="quick", seed=seed)
        for seed in (3, 4)
    )
    assert first.ranking != second.ranking


def test_the_size_of_a_batch_changes_no_finding(null, one_track_checkpoint: Path, pictures: Path):
    null(0.0)
    small, large = (
        auditor.scan(one_track_checkpoint, entities=pictures, batch_size=size) for size in (5, 500)
    )
    assert [f.fingerprint for f in small.findings] == [f.fingerprint for f in large.findings]
    values = [[item.value for item in report.evidence] for report in (small, large)]
    np.testing.assert_allclose(values[0], values[1], atol=1e-4)


def test_entities_that_are_labels_are_listed_as_not_looked_at(
    null, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    null(1.0)
    things = tmp_path / "things"
    for name in ("Stop", "stop sign", "car"):
        (things / name).mkdir(parents=True)
        for i in range(3):
            noise(i).save(things / name / f"{i}.png")
    report = auditor.scan(tiny_checkpoint, entities=things)
    assert [entity.name for entity in report.entities] == ["car", "stop sign"]
    rules = set(NOT_GIVEN)
    (skip,) = [skip for skip in report.skips if skip.subject not in rules]
    assert {skip.subject for skip in report.skips} > rules
    assert skip.subject.lower().startswith("stop")
    assert report.verdict is Verdict.NO_EVIDENCE


def test_progress_ends_at_the_total(null, tiny_checkpoint: Path, pictures: Path):
    null(1.0)
    seen: list[tuple[str, int, int]] = []
    settings = auditor.config.ScanSettings(model=str(tiny_checkpoint), entities=str(pictures))
    report = auditor.audit.scan(settings, progress=lambda *step: seen.append(step))
    probing = [step for step in seen if step[0] == "probing"]
    assert probing[-1] == ("probing", report.cost.probes, report.cost.probes)
    assert [done for _, done, _ in probing] == sorted(done for _, done, _ in probing)


# The verdict


def test_what_was_decided_and_found_to_be_nothing_is_no_evidence():
    assert verdict_of(QUIET, GATHERED, complete=True) is Verdict.NO_EVIDENCE


def test_a_finding_is_evidence():
    assert verdict_of(LOUD, GATHERED, complete=True) is Verdict.BACKDOOR_EVIDENCE


def test_a_finding_beside_a_doubt_is_still_evidence():
    both = Judgement(findings=LOUD.findings, skips=DOUBT.skips)
    assert verdict_of(both, GATHERED, complete=True) is Verdict.BACKDOOR_EVIDENCE


@pytest.mark.parametrize("judgement", [QUIET, DOUBT, LOUD])
@pytest.mark.parametrize("p_value", [None, 0.4])
@pytest.mark.parametrize("complete", [True, False])
def test_no_evidence_is_said_only_of_what_is_complete_and_decided(
    judgement: Judgement, p_value: float | None, complete: bool
):
    gathered = replace(GATHERED, model_p_value=p_value)
    said = verdict_of(judgement, gathered, complete=complete)
    sure = complete and p_value is not None and judgement is QUIET
    assert (said is Verdict.NO_EVIDENCE) == sure
    assert said is Verdict.NOT_AUDITED or (complete and p_value is not None)


@pytest.mark.parametrize("name", auditor.__all__)
def test_no_module_takes_the_place_of_a_public_name(name: str):
    assert importlib.util.find_spec("auditor." + name) is None


@pytest.fixture
def staged(monkeypatch: pytest.MonkeyPatch) -> None:
    """Benign models, asked in stages, that show nothing: so any model takes a closer look."""
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: staged_null(0.0))


def test_a_scan_that_is_killed_between_stages_goes_on_where_it_was(
    staged, one_track_checkpoint: Path, pictures: Path, tmp_path: Path, monkeypatch
):
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "unbroken"))
    settings = ScanSettings(model=str(one_track_checkpoint), entities=str(pictures), fpr=0.05)
    whole = auditor.audit.scan(settings)
    assert whole.cost.decided_by == Stage.CLOSER
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path / "broken"))

    def killed(stage: str, done: int, total: int) -> None:
        if stage == STAGE and done > len(ENTITIES) * len(VIEWS):
            raise SystemExit

    with pytest.raises(SystemExit):
        auditor.audit.scan(settings, progress=killed)
    again = auditor.audit.scan(settings)
    assert again.cost.remembered >= len(ENTITIES) * len(VIEWS)
    assert timeless(again) == timeless(whole)


def test_the_most_that_may_be_asked_is_told_before_and_kept(
    staged, one_track_checkpoint: Path, pictures: Path
):
    told: list[tuple[int, int]] = []
    settings = ScanSettings(
        model=str(one_track_checkpoint), entities=str(pictures), fpr=0.05, max_probes=40
    )
    report = auditor.audit.scan(
        settings,
        progress=lambda stage, done, most: told.append((done, most)) if stage == STAGE else None,
    )
    assert told[0] == (0, 40)
    assert all(done <= most == 40 for done, most in told)
    assert report.cost.probes <= 40 < report.cost.planned
    assert report.verdict is Verdict.NOT_AUDITED
    assert "--max-probes" in next(skip for skip in report.skips if skip.subject == "scan").remedy


def test_a_report_says_what_a_sequential_plan_left_out(
    monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, pictures: Path
):
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: staged_null(1.0))
    report = auditor.scan(tiny_checkpoint, entities=pictures)
    assert report.cost.decided_by == Stage.FIRST
    asked = f"{report.cost.probes} of the {report.cost.planned} probes of --plan exhaustive"
    assert any(asked in notice for notice in report.notices)
    assert not any("no picture" in skip.reason for skip in report.skips)
    assert {entity.name for entity in report.entities} == set(ENTITIES)
