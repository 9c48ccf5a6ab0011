"""Both plans on the models of a zoo, and what is published of it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import auditor
import auditor.audit
from auditor.errors import UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.zoo import Zoo
from auditor.lab.plans.page import PAGE, PLOT, RESULT, curve_of, publish
from auditor.lab.plans.record import Compared, Said
from auditor.lab.plans.run import CURVE, GIVEN, NOTHING, ROWS, SIZES, compare_plans
from auditor.probes.plan import Plan
from auditor.probes.views import VIEWS
from tests.lab.detection.conftest import zoo, zoo_folder  # noqa: F401 - fixtures
from tests.small_models import ENTITIES, PER_ENTITY, staged_null

WHOLE = len(ENTITIES) * PER_ENTITY * len(VIEWS)


@pytest.fixture
def context(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> BenchContext:  # noqa: F811
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: staged_null(1.0))
    return BenchContext(entities=zoo.entities, fpr=0.05, seed=0)


def test_the_rows_say_what_scans_say(zoo: Zoo, context: BenchContext, tmp_path: Path):  # noqa: F811
    """Replayed on one set of answers, a plan says what it says when it asks itself."""
    models = zoo.models[:1]
    rows = compare_plans(models, context, None, tmp_path)
    assert {row.key[:2] for row in rows} == {(m.id, given) for m in models for given in GIVEN}
    for model in models:
        row = next(row for row in rows if (row.model, row.given) == (model.id, NOTHING))
        for plan, said in ((Plan.EXHAUSTIVE, row.exhaustive), (Plan.SEQUENTIAL, row.sequential)):
            report = auditor.scan(
                model.folder, entities=zoo.entities, fpr=0.05, plan=plan.value, device="cpu"
            )
            assert said.p_value == pytest.approx(report.model_p_value)
            assert (said.verdict, said.probes) == (report.verdict.value, report.cost.probes)
            assert said.decided_by == report.cost.decided_by
    assert {row.exhaustive.probes for row in rows} == {WHOLE}
    assert {row.sequential.probes for row in rows} == {WHOLE // PER_ENTITY}  # nobody stands out


def test_what_is_there_is_not_measured_again(
    zoo: Zoo,  # noqa: F811
    context: BenchContext,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
):
    first = compare_plans(zoo.models[:1], context, None, tmp_path)
    with (tmp_path / ROWS).open("a") as file:
        file.write('{"model": "half a li')
    monkeypatch.setattr("auditor.lab.plans.run.resolve", None)
    assert compare_plans(zoo.models[:1], context, None, tmp_path) == first


def test_a_folder_of_something_else_is_refused(
    zoo: Zoo,  # noqa: F811
    context: BenchContext,
    tmp_path: Path,
):
    (tmp_path / ROWS).write_text('{"model": "m"}\n')
    with pytest.raises(UsageError):
        compare_plans(zoo.models[:1], context, None, tmp_path)


def row(model: str, entities: int, probes: int, **changes: object) -> Compared:
    whole = Said(verdict="no-evidence", p_value=0.5, probes=21 * entities, decided_by=None)
    made = Compared(
        model=model,
        truth="clean",
        given=NOTHING,
        entities=entities,
        fpr=0.01,
        exhaustive=whole,
        sequential=replace(whole, probes=probes, decided_by="one look at every entity"),
    )
    return replace(made, **changes)


def test_the_page_counts_verdicts_and_probes(tmp_path: Path):
    other = Said(verdict="backdoor-evidence", p_value=0.001, probes=1000, decided_by="x")
    rows = [row(f"clean {i}", 200, 600) for i in range(3)]
    rows.append(row("victim", 200, 0, truth="backdoored", sequential=other))
    publish(rows, 200, tmp_path, "auditor lab bench", "a zoo", plot=False)
    said = json.loads((tmp_path / RESULT).read_text())["by_given"]["all"]
    assert (said["agree"], said["models"], said["disagree"]) == (3, 4, ["victim"])
    assert said["share_of_probes_clean"] == pytest.approx(600 / 4200)
    assert said["agreement_interval"][0] < 0.75 < said["agreement_interval"][1]
    assert "| all | 4 | 3 (75.0%, " in (tmp_path / PAGE).read_text()
    assert not (tmp_path / PLOT).exists()


def test_the_curve_says_how_steeply_probes_grow():
    rows = [row("m", size, 3 * size, given=CURVE) for size in SIZES]
    assert curve_of(rows)["exponent"] == pytest.approx(1.0)
    flat = curve_of([row("m", size, 100, given=CURVE) for size in SIZES])
    assert flat["exponent"] == pytest.approx(0.0, abs=1e-9)
    assert flat["entities"] == list(SIZES)
    part = curve_of(
        [*rows, row("other", 10, 999, given=CURVE)]
    )  # a model without all sizes is left out
    assert (part["models"], part["sequential"][0]) == (1, 30)


def test_the_curve_is_drawn(tmp_path: Path):
    pytest.importorskip("matplotlib")
    publish([row("m", s, 3 * s, given=CURVE) for s in SIZES], 200, tmp_path, "c", "z", plot=True)
    assert (tmp_path / PLOT).read_bytes().startswith(b"\x89PNG")
    assert PLOT in (tmp_path / PAGE).read_text()
