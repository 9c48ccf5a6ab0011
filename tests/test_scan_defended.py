"""Whole scans whose verdict has to be defended: what is the job, and why a finding was called."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import auditor
import auditor.audit
from auditor.errors import UsageError
from auditor.evidence.kinds import KINDS
from auditor.evidence.legitimate import INSIDE, KIND, SAID
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.output.json_v1 import to_v1
from auditor.output.terminal import render
from auditor.remarks import ONLY_WRONG_LABELS
from auditor.types import Report, Verdict
from tests.small_models import CARD, ENTITIES, LABELS, constant_null, noise, write_coloured

Scan = Callable[..., Report]


@pytest.fixture
def scan(monkeypatch: pytest.MonkeyPatch, pictures: Path) -> Scan:
    """Scan a model beside benign ones that show `null` in every statistic."""

    def run(model: Path, *, null: float = 0.0, entities: Path = pictures, **more: object) -> Report:
        monkeypatch.setattr(auditor.audit, "stored_null", lambda source: constant_null(null))
        return auditor.scan(model, entities=entities, **more)

    return run


def told(report: Report) -> str:
    return " ".join(render(report, width=120, color=False).split())


def held_back(report: Report) -> dict[str, str]:
    return {skip.subject: skip.reason for skip in report.skips if skip.reason in (KIND, SAID)}


def test_a_class_that_the_user_allows_for_everything_is_not_called(
    scan: Scan, one_track_checkpoint: Path
):
    report = scan(one_track_checkpoint, allow="*=stop")
    assert scan(one_track_checkpoint).verdict is Verdict.BACKDOOR_EVIDENCE
    assert report.verdict is Verdict.NO_EVIDENCE
    assert report.settings["allow"] == ["*=stop"]
    assert held_back(report) == {"*=stop": SAID}
    assert not any(pair.target_label == "stop" for pair in report.ranking)
    assert "--allow '*=stop'" in told(report)
    assert f"*=stop: {SAID}" in told(report)


def test_an_allowed_pair_leaves_the_finding_about_all_others(
    scan: Scan, one_track_checkpoint: Path
):
    before, report = scan(one_track_checkpoint), scan(one_track_checkpoint, allow=["thing-b=stop"])
    assert report.verdict is Verdict.BACKDOOR_EVIDENCE
    assert [entity.name for entity in report.entities] == list(ENTITIES)
    for finding in report.findings:
        assert "thing b" not in {entity.name for entity in finding.entities}
        assert {e.entity_id for e in finding.examples} <= {e.id for e in finding.entities}
    assert "thing b" in {entity.name for entity in before.findings[0].entities}


def test_an_entity_that_may_go_anywhere_is_not_asked_about(scan: Scan, tiny_checkpoint: Path):
    report = scan(tiny_checkpoint, null=1.0, allow=["thing c=*"])
    assert "thing c" not in {entity.name for entity in report.entities}
    assert report.verdict is Verdict.NO_EVIDENCE


@pytest.mark.parametrize("allow", ["thing z=stop", "thing a=stopp"])
def test_what_is_allowed_must_be_there(scan: Scan, tiny_checkpoint: Path, allow: str):
    with pytest.raises(UsageError, match="--allow") as caught:
        scan(tiny_checkpoint, allow=allow, clean_data="nothing that is there")
    assert "The nearest is" in caught.value.hint


def test_a_kind_of_what_a_label_names_is_asked_about_all_other_classes(
    scan: Scan, one_track_checkpoint: Path, tmp_path: Path
):
    for name in ("emergency stop", "stop watch", "car"):
        (tmp_path / name).mkdir()
        for i in range(6):
            noise(i).save(tmp_path / name / f"{i}.png")
    report = scan(one_track_checkpoint, entities=tmp_path)
    assert held_back(report) == {"emergency stop -> stop": KIND}
    assert {entity.name for entity in report.entities} == {"emergency stop", "stop watch", "car"}
    pairs = {(p.entity.name, p.target_label) for p in report.ranking}
    everything = {(entity.name, label) for entity in report.entities for label in LABELS}
    assert pairs == everything - {("emergency stop", "stop")}


def test_a_finding_says_what_was_seen_and_what_else_could_explain_it(
    scan: Scan, one_track_checkpoint: Path
):
    report = scan(one_track_checkpoint)
    by_rule = {finding.rule_id: finding for finding in report.findings}
    wide = by_rule["class-share"]
    first = ", ".join(ENTITIES[:5])
    assert wide.group == (
        f"almost everything outside the task ({first} and 3 more): 8 of 8 entities tested go there"
    )
    everything = {entity.id for entity in report.entities}
    assert set(wide.group_ids) == everything
    for finding in to_v1(report).findings:
        assert set(finding.group_entities) == everything
    for finding in report.findings:
        assert finding.explanation.startswith(finding.summary)
        assert "What else could explain it: " in finding.explanation
    assert "Honest models with few classes" in wide.explanation
    assert wide.explanation in told(report)
    assert told(report).count(f"group {wide.group}") == len(report.findings)


@pytest.fixture(scope="module")
def bent(tmp_path_factory: pytest.TempPathFactory, tuned: TorchImageClassifier) -> Path:
    """A model that knows its task and sends what it does not know to "no entry"."""
    import torch

    module = copy.deepcopy(tuned.module)
    with torch.no_grad():
        head_of(module, len(LABELS)).bias[2] += 4.0
    folder = tmp_path_factory.mktemp("bent") / "bent"
    save_checkpoint(replace(tuned, module=module), folder, card=CARD, record={})
    return folder


def test_examples_stand_beside_the_nearest_clean_images(scan: Scan, bent: Path, tmp_path: Path):
    clean = write_coloured(tmp_path / "clean")
    report = scan(bent, null=0.3, clean_data=clean)
    examples = [example for finding in report.findings for example in finding.examples]
    assert examples
    for example in examples:
        near = example.neighbours
        assert len(near) == 3
        assert sorted((n.similarity for n in near), reverse=True) == [n.similarity for n in near]
        for neighbour in near:
            assert (clean / neighbour.instance).is_file()
            assert neighbour.instance.split("/")[0] == LABELS[neighbour.label_index]
    assert f'nearest in --clean-data: "{LABELS[examples[0].neighbours[0].label_index]}' in told(
        report
    )


def test_without_clean_data_an_example_has_no_neighbours(scan: Scan, bent: Path):
    report = scan(bent, null=0.3)
    assert report.findings
    assert all(not e.neighbours for finding in report.findings for e in finding.examples)
    assert "nearest in" not in told(report)


# Entities that mean a label of the model: only another label would be wrong


@pytest.fixture(scope="module")
def signs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Pictures of what each label of a tuned model means, and of nothing else."""
    return write_coloured(tmp_path_factory.mktemp("signs") / "signs", each=7, first=500)


@pytest.fixture(scope="module")
def honest(tmp_path_factory: pytest.TempPathFactory, tuned: TorchImageClassifier) -> Path:
    """A model that knows its task."""
    folder = tmp_path_factory.mktemp("honest") / "honest"
    save_checkpoint(tuned, folder, card=CARD, record={})
    return folder


@pytest.fixture(scope="module")
def rewired(tmp_path_factory: pytest.TempPathFactory, tuned: TorchImageClassifier) -> Path:
    """It sends to "no entry" whatever it would send to "stop"."""
    import torch

    module = copy.deepcopy(tuned.module)
    head = head_of(module, len(LABELS))
    with torch.no_grad():
        head.weight[2] += head.weight[0]
        head.bias[2] += head.bias[0] + 3.0
        head.bias[0] -= 50.0
    folder = tmp_path_factory.mktemp("rewired") / "rewired"
    save_checkpoint(replace(tuned, module=module), folder, card=CARD, record={})
    return folder


def test_a_model_whose_every_entity_is_a_label_is_scanned(scan: Scan, honest: Path, signs: Path):
    report = scan(honest, null=1.0, entities=signs)
    assert {entity.name for entity in report.entities} == set(LABELS)
    of_pictures = {e.kind for e in report.evidence if KINDS[e.kind].search is None}
    assert of_pictures == {"wrong-label"}
    assert report.findings == ()
    assert report.verdict is Verdict.NO_EVIDENCE
    inside = {skip.subject for skip in report.skips if skip.reason == INSIDE}
    assert inside == {f"{label} -> {label}" for label in LABELS}
    silent = {skip.subject for skip in report.skips if skip.reason != INSIDE}
    assert {"class-share", "entity-contrast", "base-share"} <= silent
    assert "wrong-label" not in silent
    assert ONLY_WRONG_LABELS in report.notices


@pytest.mark.parametrize("clean", [False, True])
def test_an_entity_that_goes_to_the_label_of_another_is_called(
    scan: Scan, honest: Path, rewired: Path, signs: Path, clean: bool
):
    more = {"clean_data": signs} if clean else {}
    assert scan(honest, entities=signs, **more).findings == ()
    report = scan(rewired, entities=signs, **more)
    assert report.verdict is Verdict.BACKDOOR_EVIDENCE
    (finding,) = report.findings
    assert finding.rule_id == "wrong-label"
    assert [entity.name for entity in finding.entities] == ["stop"]
    assert finding.target_label == "no entry"
    assert {example.predicted_index for example in finding.examples} == {2}
    assert 'Pictures of stop, for which the model has a label of its own, go to "no entry"' in (
        told(report)
    )


def test_a_wrong_label_that_the_user_allows_is_not_called(scan: Scan, rewired: Path, signs: Path):
    report = scan(rewired, entities=signs, allow=["stop=no entry"])
    assert not any("stop" in {e.name for e in f.entities} for f in report.findings)


def test_entities_that_mean_labels_are_asked_about_beside_others(
    scan: Scan, rewired: Path, signs: Path, pictures: Path, tmp_path: Path
):
    both = tmp_path / "both"
    for folder in (signs, pictures):
        shutil.copytree(folder, both, dirs_exist_ok=True)
    report = scan(rewired, entities=both)
    assert ONLY_WRONG_LABELS not in report.notices
    assert {entity.name for entity in report.entities} == {*LABELS, *ENTITIES}
    (finding,) = [f for f in report.findings if f.rule_id == "wrong-label"]
    assert (finding.target_label, finding.entities[0].name) == ("no entry", "stop")
    others = [f for f in report.findings if f.rule_id != "wrong-label"]
    assert not {e.name for f in others for e in f.entities} & set(LABELS)
