"""Scans that are given a base and clean data: what speaks, what cannot, and what is said of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import auditor
import auditor.audit
from auditor.answers.place import SUFFIX, cache_folder
from auditor.asking import CLEAN
from auditor.evidence.kinds import KINDS
from auditor.evidence.legitimate import BASE
from auditor.evidence.null import StoredNull
from auditor.evidence.stages import Stage
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.output.html import render as auditor_page
from auditor.output.terminal import render
from auditor.perturbing import DECIDED
from auditor.probes.collisions import PICTURES, STEPS
from auditor.probes.ladder import RUNGS
from auditor.probes.reach import NOT_ASKED
from auditor.rules import shipped_rules
from auditor.silence import TOO_FEW
from auditor.types import Report, Verdict
from tests.small_models import (
    CARD,
    DEEPER,
    ENTITIES,
    LABELS,
    NEED_MORE,
    PER_ENTITY,
    SILENT,
    constant_null,
    staged_null,
    tiny_model,
    write_coloured,
)

PROBES = 3 * len(ENTITIES) * PER_ENTITY
CLEAN_IMAGES = 10 * len(LABELS)
OF_THE_BASE = ("tench", "goldfish", "great white shark", "hammerhead")
# In the colours of the labels, two in others.
THINGS = ("red thing", "green thing", "blue thing", "yellow thing", "cyan thing", "dark thing")
WITHOUT = tuple(kind for kind in KINDS if kind not in SILENT)
Scan = Callable[..., Report]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, tuned: TorchImageClassifier) -> Path:
    """A base with labels of its own, an honest fine-tune, a bent one, clean data.

    The bent one sends what it does not know to "no entry". The base "of the task" is the same
    network, with the labels of the fine-tune.
    """
    room = tmp_path_factory.mktemp("room")
    for name, model in [
        ("base", tiny_model(OF_THE_BASE)),
        ("of the task", tiny_model()),
        ("another", tiny_model(seed=1)),
        ("tuned", tuned),
        ("bent", bent(tuned, 2, 4.0)),
        ("one answer", bent(tuned, 2, 50.0)),
    ]:
        save_checkpoint(model, room / name, card=CARD, record={})
    write_coloured(room / "clean")
    write_coloured(room / "many", each=40)
    write_coloured(room / "things", THINGS, each=PER_ENTITY, first=700)
    return room


def bent(model: TorchImageClassifier, target: int, by: float) -> TorchImageClassifier:
    import torch

    module = copy.deepcopy(model.module)
    with torch.no_grad():
        head_of(module, len(model.labels)).bias[target] += by
    return replace(model, module=module)


@pytest.fixture
def scan(room: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> Scan:
    """Scan a model of the room; benign models show `null` in every statistic."""

    def run(
        model: str,
        base: str | None = None,
        clean: str | None = None,
        *,
        null: float | StoredNull = 1.0,
        **more: object,
    ) -> Report:
        stored = constant_null(null) if isinstance(null, float) else null
        monkeypatch.setattr(auditor.audit, "stored_null", lambda source: stored)
        given = {
            "entities": pictures,
            "plan": "exhaustive",  # no benign models were looked at in stages here
            "base": None if base is None else room / base,
            "clean_data": None if clean is None else room / clean,
            "patterns": True,
        }
        return auditor.scan(room / model, **(given | more))

    return run


def kinds_of(report: Report) -> set[str]:
    return {evidence.kind for evidence in report.evidence}


def never_asked(speak: set[str]) -> set[str]:
    """Kinds that are silent whatever is given: no entity here means a label of the model.

    What another kind asks beside a reference is not asked again, and perturbed probes by a deep
    scan alone.
    """
    blunter = {name for name, kind in KINDS.items() if speak & set(kind.sharper)}
    return {"wrong-label", *DEEPER, *blunter}


def silent(report: Report) -> dict[str, str]:
    return {skip.subject: skip.remedy for skip in report.skips if skip.subject in KINDS}


def test_with_base_and_clean_data_every_kind_that_rests_on_them_speaks(scan: Scan, room: Path):
    report = scan("tuned", "base", "clean")
    rest = never_asked(set(KINDS))
    assert kinds_of(report) == set(KINDS) - rest
    assert set(silent(report)) == rest
    assert {kind for kind, remedy in silent(report).items() if remedy} == set(DEEPER)
    assert report.notices == ()
    assert report.verdict is Verdict.NO_EVIDENCE
    assert report.settings["base"] == str(room / "base")
    assert report.settings["clean_data"] == str(room / "clean")
    assert report.model.base_source == str(room / "base")


@pytest.mark.parametrize(
    ("base", "clean", "speak", "passes"),
    [
        (None, None, set(), PROBES),
        ("base", None, {"drift-share"}, 2 * PROBES),
        (None, "clean", {"own-share", "own-routing"}, PROBES + CLEAN_IMAGES),
        ("base", "clean", set(NEED_MORE), 2 * (PROBES + CLEAN_IMAGES)),
        (None, "many", {"own-share", "own-routing"}, PROBES + 4 * CLEAN_IMAGES),
    ],
)
def test_what_is_given_decides_what_speaks_and_what_it_costs(
    scan: Scan, base: str | None, clean: str | None, speak: set[str], passes: int
):
    report = scan("tuned", base, clean)
    assert kinds_of(report) == {*WITHOUT, *speak} - never_asked(speak)
    assert set(silent(report)) == set(NEED_MORE) - speak | never_asked(speak)
    assert report.verdict is Verdict.NO_EVIDENCE
    assert report.cost.probes == PROBES
    assert report.cost.forward_passes == passes


def test_patterns_are_looked_for_where_that_is_asked(scan: Scan):
    report = scan("tuned", "base", "clean", patterns=False)
    told = {skip.subject: skip for skip in report.skips if skip.reason == NOT_ASKED}
    assert set(told) == {name for name, kind in KINDS.items() if kind.search is not None}
    assert all("--patterns" in skip.remedy for skip in told.values())
    assert report.verdict is Verdict.NO_EVIDENCE
    assert set(told) < kinds_of(scan("tuned", "base", "clean"))


def test_what_is_said_of_clean_data_is_kept_as_what_is_said_of_probes(scan: Scan):
    first, again = scan("tuned", "base", "clean"), scan("tuned", "base", "clean")
    assert (first.cost.remembered, again.cost.forward_passes) == (0, 0)
    assert again.cost.remembered == first.cost.forward_passes
    assert again.evidence == first.evidence
    assert again.notices == first.notices == ()
    anew = scan("tuned", "base", "clean", resume=False)
    assert (anew.cost.remembered, anew.cost.forward_passes) == (0, first.cost.forward_passes)


def test_answers_to_clean_data_are_those_of_one_model_and_one_base(scan: Scan):
    scan("tuned", "base", "clean")
    other = scan("tuned", "of the task", "clean")
    assert other.cost.remembered == 0
    assert scan("bent", "base", "clean").cost.remembered == 0


def test_damaged_answers_to_clean_data_are_asked_again(scan: Scan):
    first = scan("tuned", None, "clean")
    (kept,) = (cache_folder() / CLEAN).rglob(f"*{SUFFIX}")
    kept.write_bytes(kept.read_bytes()[:-1] + b"?")
    again = scan("tuned", None, "clean")
    assert again.evidence == first.evidence
    assert again.cost.forward_passes == CLEAN_IMAGES
    assert again.notices == ("damaged answers in the cache, asked for again: 1",)


# What honest heads ask more sharply.
BLUNT = ("class-share", "entity-routing", "entity-contrast")


def test_the_report_says_what_would_let_the_silent_rules_speak(scan: Scan):
    both, one, other = "Give --base and --clean-data.", "Give --base.", "Give --clean-data."
    deeper = dict.fromkeys(DEEPER, "Scan with --depth deep.")
    assert silent(scan("tuned")) == deeper | {
        "base-routing": both,
        "base-share": both,
        "drift-share": one,
        "own-routing": other,
        "own-share": other,
        "wrong-label": "",
    }
    assert silent(scan("tuned", "base")) == deeper | {
        "base-routing": other,
        "base-share": other,
        "own-routing": other,
        "own-share": other,
        "wrong-label": "",
    }
    assert silent(scan("tuned", None, "clean")) == deeper | {
        "base-routing": one,
        "base-share": one,
        "drift-share": one,
        **dict.fromkeys(BLUNT, ""),
        "wrong-label": "",
    }


def test_a_deep_scan_asks_perturbed_probes_that_the_material_allows(scan: Scan):
    nothing, everything = (scan("tuned", *given, depth="deep") for given in ((), ("base", "clean")))
    assert kinds_of(nothing) & set(DEEPER) == {"ladder-contrast"}
    moved = [skip for skip in nothing.skips if skip.subject.startswith("collision")]
    assert [(skip.reason, skip.remedy) for skip in moved] == [
        ("needs the base and clean data", "Give --base and --clean-data.")
    ] * 2
    assert kinds_of(everything) >= set(DEEPER)
    shown = len(RUNGS) * len(ENTITIES)
    assert nothing.cost.forward_passes == PROBES + shown
    pictures = len(ENTITIES) * PICTURES
    both_models = 2 * (PROBES + CLEAN_IMAGES)
    passes = both_models + shown + pictures * (STEPS + 2) + PICTURES
    assert everything.cost.forward_passes == passes
    assert everything.verdict is Verdict.NO_EVIDENCE


def test_a_sequential_deep_scan_asks_perturbed_probes_where_nothing_less_decides(scan: Scan):
    deep = {"depth": "deep", "plan": "sequential"}
    early = scan("tuned", "base", "clean", null=staged_null(1.0), **deep)
    assert early.cost.decided_by == Stage.FIRST
    assert not kinds_of(early) & set(DEEPER)
    said = {skip.subject: (skip.reason, skip.remedy) for skip in early.skips}
    assert {said[rule] for rule in DEEPER} == {(DECIDED, "Scan with --plan exhaustive.")}
    at_a_rate_between_the_lines = 1 / (constant_null(0.0).models + 1)
    late = scan(
        "tuned", "base", "clean", null=staged_null(0.0), fpr=at_a_rate_between_the_lines, **deep
    )
    assert late.cost.decided_by == Stage.WHOLE
    assert kinds_of(late) >= set(DEEPER)


@pytest.mark.parametrize("plan", ["sequential", "exhaustive"])
def test_perturbed_probes_that_the_null_does_not_hold_cost_nothing_and_say_so(scan: Scan, plan):
    null = constant_null(1.0)
    held = {n: v for n, v in null.statistics.items() if n.partition("@")[0] not in DEEPER}
    null = replace(null, statistics=held)
    report = scan("tuned", "base", "clean", depth="deep", plan=plan, null=null)
    said = {skip.subject: (skip.reason, skip.remedy) for skip in report.skips}
    assert {said[rule] for rule in DEEPER} == {(TOO_FEW, "")}
    assert report.cost.forward_passes == 2 * (PROBES + CLEAN_IMAGES)
    assert report.verdict is Verdict.NO_EVIDENCE


def test_a_bent_head_shows_against_heads_fitted_to_clean_data(scan: Scan):
    report = scan("bent", None, "clean", null=0.3)
    found = {finding.rule_id: finding.target_label for finding in report.findings}
    assert found["own-share"] == LABELS[2]
    assert "own-routing" not in found  # where everything goes there, no entity is special
    honest = scan("tuned", None, "clean", null=0.3)
    assert not {"own-share", "own-routing"} & {finding.rule_id for finding in honest.findings}


def test_a_base_that_is_none_is_noticed_and_not_used(scan: Scan):
    report = scan("tuned", "another", "clean")
    speak = {"own-share", "own-routing"}
    assert kinds_of(report) == {*WITHOUT, *speak} - never_asked(speak)
    (notice,) = report.notices
    assert notice.startswith("the base is not used: its features do not correspond")
    remedies = silent(report)
    for kind in ("base-routing", "base-share", "drift-share"):
        assert remedies.pop(kind) == "The notices say why what was given is not used."
    assert set(remedies) == never_asked(speak)
    assert report.verdict is Verdict.NO_EVIDENCE
    assert report.cost.forward_passes == 2 * (PROBES + CLEAN_IMAGES)  # it was asked all the same


def test_the_same_seed_gives_the_same_evidence_and_another_another(scan: Scan):
    first, again, other = (
        scan("tuned", "base", "clean", seed=seed, null=0.3) for seed in (1, 1, 2)
    )
    assert first.evidence == again.evidence
    assert first.evidence != other.evidence


@pytest.mark.parametrize("lacking", ["own-share@10", "drift-share"])
def test_what_benign_models_were_not_measured_with_stays_silent_and_undoes_no_verdict(
    scan: Scan, lacking: str
):
    null = constant_null(1.0)
    statistics = {name: v for name, v in null.statistics.items() if name != lacking}
    report = scan("tuned", "base", "clean", null=replace(null, statistics=statistics))
    kind = lacking.partition("@")[0]
    rest = never_asked(set(KINDS) - {kind})
    assert kinds_of(report) == set(KINDS) - {kind} - rest
    (skip,) = [s for s in report.skips if s.subject in KINDS and s.subject not in rest]
    assert (skip.subject, skip.reason) == (
        kind,
        "too few benign models were measured with this evidence",
    )
    assert report.verdict is Verdict.NO_EVIDENCE


def test_without_a_null_the_new_kinds_are_undecided_as_the_others_are(
    scan: Scan, monkeypatch: pytest.MonkeyPatch, room: Path, pictures: Path
):
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: None)
    report = auditor.scan(
        room / "tuned", entities=pictures, base=room / "base", clean_data=room / "clean"
    )
    assert report.verdict is Verdict.NOT_AUDITED
    assert {skip.subject for skip in report.skips} == {
        rule.id for rule in shipped_rules() if not rule.is_about_files
    }


# What the base that the user names does already


def known(report: Report) -> set[str]:
    return {skip.subject for skip in report.skips if skip.reason == BASE}


def called(report: Report) -> set[str]:
    """The entities of findings about "no entry", by name or as a group."""
    ids = {entity.id: entity.name for entity in report.entities}
    about = [finding for finding in report.findings if finding.target_label == LABELS[2]]
    return {ids[i] for f in about for i in (*(e.id for e in f.entities), *f.group_ids)}


def test_what_the_named_base_does_already_is_held_back_and_listed_and_the_rest_is_called(
    scan: Scan, room: Path
):
    report = scan("one answer", "tuned", null=0.0, entities=room / "things")
    own = {f"{thing} -> {label}" for thing, label in zip(THINGS, LABELS, strict=False)}
    assert own <= known(report)
    assert {"red thing", "green thing", "yellow thing"} <= called(report)
    assert "blue thing" not in called(report)
    assert {entity.name for entity in report.entities} == set(THINGS)  # asked about all the same
    pairs = {(pair.entity.name, pair.target_label) for pair in report.ranking}
    assert ("red thing", "no entry") in pairs
    assert ("blue thing", "no entry") not in pairs
    assert BASE in " ".join(render(report, width=200, color=False).split())


@pytest.mark.parametrize("base", [None, "base", "another"])
def test_without_a_base_that_has_the_label_and_is_one_nothing_is_excused(
    scan: Scan, room: Path, base: str | None
):
    report = scan("one answer", base, null=0.0, entities=room / "things")
    assert known(report) == set()
    assert called(report) == set(THINGS)


def test_a_base_that_gives_everything_the_shared_label_leaves_nothing_to_call_there(
    scan: Scan, room: Path
):
    report = scan("one answer", "one answer", null=0.0, entities=room / "things")
    assert known(report) == {f"{thing} -> no entry" for thing in THINGS}
    assert called(report) == set()
    assert any("entities by what the base does already" in said for said in report.notices)


def test_a_finding_can_be_judged_by_eye(scan: Scan):
    report = scan("bent", "base", "clean", null=0.0, fpr=0.5)
    finding = next(one for one in report.findings if one.examples)
    assert [rung.view for rung in finding.ladder] == ["as it is", "zoomed", "blurred"]
    assert sum(rung.observations for rung in finding.ladder) == 3 * PER_ENTITY * len(
        finding.entities
    )
    example = finding.examples[0]
    assert {answer.reference for answer in example.references} == {"drift", "base", "own"}
    assert example.picture is not None
    assert all(neighbour.picture for neighbour in example.neighbours)
    assert any(notice.startswith("pictures: ") for notice in report.notices)
    assert report.routing is not None
    assert [row.entity_id for row in report.routing.rows] == [e.id for e in report.entities]
    assert report.calibration is not None
    assert set(report.calibration.standings) == {
        evidence.kind for evidence in report.evidence if evidence.p_value is not None
    }
    page = auditor_page(report)
    assert page.count("<img") >= 4


def test_pictures_of_clean_data_can_be_left_out(scan: Scan):
    for wanted, notices in (("entities", 1), ("none", 0)):
        report = scan("bent", "base", "clean", null=0.0, fpr=0.5, pictures=wanted)
        examples = [example for one in report.findings for example in one.examples]
        assert any(example.picture for example in examples) == (wanted == "entities")
        assert not any(near.picture for example in examples for near in example.neighbours)
        told = [notice for notice in report.notices if notice.startswith("pictures: ")]
        assert len(told) == notices
        assert not any("clean data" in notice for notice in told)
