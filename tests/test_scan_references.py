"""Scans that are given a base and clean data: what speaks, what cannot, and what is said of it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import auditor
import auditor.audit
from auditor.audit import rules_that_speak
from auditor.config import ScanSettings
from auditor.evidence.gather import Gathered
from auditor.evidence.kinds import KINDS
from auditor.evidence.null import StoredNull
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier, head_of
from auditor.references.build import References
from auditor.rules import shipped_rules
from auditor.types import Report, Verdict
from tests.small_models import (
    CARD,
    ENTITIES,
    LABELS,
    NEED_MORE,
    PER_ENTITY,
    constant_null,
    tiny_model,
    write_coloured,
)

PROBES = 3 * len(ENTITIES) * PER_ENTITY
CLEAN_IMAGES = 10 * len(LABELS)
WITHOUT = tuple(kind for kind in KINDS if kind not in NEED_MORE)
Scan = Callable[..., Report]


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory, tuned: TorchImageClassifier) -> Path:
    """A base, an honest fine-tune, one whose head was bent towards "no entry", clean data."""
    room = tmp_path_factory.mktemp("room")
    for name, model in [
        ("base", tiny_model()),
        ("another", tiny_model(seed=1)),
        ("tuned", tuned),
        ("bent", bent(tuned, 2, 4.0)),
    ]:
        save_checkpoint(model, room / name, card=CARD, record={})
    write_coloured(room / "clean")
    write_coloured(room / "many", each=40)
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
        return auditor.scan(
            room / model,
            entities=pictures,
            base=None if base is None else room / base,
            clean_data=None if clean is None else room / clean,
            **more,
        )

    return run


def kinds_of(report: Report) -> set[str]:
    return {evidence.kind for evidence in report.evidence}


def silent(report: Report) -> dict[str, str]:
    return {skip.subject: skip.remedy for skip in report.skips}


def test_with_base_and_clean_data_every_kind_of_evidence_speaks(scan: Scan, room: Path):
    report = scan("tuned", "base", "clean")
    assert kinds_of(report) == set(KINDS)
    assert report.skips == ()
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
    assert kinds_of(report) == {*WITHOUT, *speak}
    assert set(silent(report)) == set(NEED_MORE) - speak
    assert report.verdict is Verdict.NO_EVIDENCE
    assert report.cost.probes == PROBES
    assert report.cost.forward_passes == passes


def test_the_report_says_what_would_let_the_silent_rules_speak(scan: Scan):
    both, one, other = "Give --base and --clean-data.", "Give --base.", "Give --clean-data."
    assert silent(scan("tuned")) == {
        "base-routing": both,
        "base-share": both,
        "drift-share": one,
        "own-routing": other,
        "own-share": other,
    }
    assert silent(scan("tuned", "base")) == {
        "base-routing": other,
        "base-share": other,
        "own-routing": other,
        "own-share": other,
    }
    assert silent(scan("tuned", None, "clean")) == {
        "base-routing": one,
        "base-share": one,
        "drift-share": one,
    }


def test_a_bent_head_shows_against_heads_fitted_to_clean_data(scan: Scan):
    report = scan("bent", None, "clean", null=0.3)
    found = {finding.rule_id: finding.target_label for finding in report.findings}
    assert {"own-share", "own-routing"} <= set(found)
    assert found["own-share"] == found["own-routing"] == LABELS[2]
    honest = scan("tuned", None, "clean", null=0.3)
    assert not {"own-share", "own-routing"} & {finding.rule_id for finding in honest.findings}


def test_a_base_that_is_none_is_noticed_and_not_used(scan: Scan):
    report = scan("tuned", "another", "clean")
    assert kinds_of(report) == {*WITHOUT, "own-share", "own-routing"}
    (notice,) = report.notices
    assert notice.startswith("the base is not used: its features do not correspond")
    assert set(silent(report)) == {"base-routing", "base-share", "drift-share"}
    assert set(silent(report).values()) == {"The notices say why what was given is not used."}
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
    assert kinds_of(report) == set(KINDS) - {kind}
    (skip,) = report.skips
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
    assert {skip.subject for skip in report.skips} == {rule.id for rule in shipped_rules()}


def test_where_nothing_was_measured_every_rule_says_so():
    nothing = Gathered(evidence=(), ranking=(), model_statistic=None, model_p_value=None)
    settings = ScanSettings(model="x")
    spoke, quiet = rules_that_speak(shipped_rules(), nothing, References(), settings)
    assert (spoke, quiet) == (shipped_rules(), ())
