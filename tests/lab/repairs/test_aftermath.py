from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.lab.manifest import Truth, ZooModel
from auditor.lab.repairs.aftermath import RAW, Aftermath, read_aftermath, run_aftermath
from auditor.lab.repairs.aftermath_page import aftermath_page, least
from auditor.lab.repairs.publish import SEQUELA_PAGE, publish_aftermath
from auditor.lab.repairs.run import Budget
from auditor.lab.zoo_spec import REFERENCE
from auditor.sequela.measures import MEASURES

ROW = Aftermath(
    victim="a",
    attack="entity",
    method="fst",
    success=0.0,
    accuracy=0.9,
    score=0.2,
    harms={"accuracy": 0.0, "membership": 0.2},
    changes={"accuracy": (0.91, 0.9, 0.92), "reactivation": (None, 0.5, 0.1)},
    missing=("calibration",),
    cpu_seconds=60.0,
)
OTHER = replace(ROW, victim="b", score=0.4, harms={"accuracy": 0.1, "membership": 0.4})
IDLE = replace(ROW, method="fine-tune", success=0.9, score=0.0)


def test_a_method_that_repairs_nothing_does_not_leave_the_least():
    said = least([ROW, OTHER, IDLE])
    assert "`fst`" in said
    assert "0.30 [0.20, 0.40]" in said
    assert "none is named" in least([IDLE])


def test_methods_that_the_victims_cannot_tell_apart_are_named_beside_the_least():
    rival = [replace(ROW, method="ft-sam", score=0.5), replace(OTHER, method="ft-sam", score=0.2)]
    worse = [replace(row, method="super-ft", score=0.9) for row in (ROW, OTHER)]
    said = least([ROW, OTHER, *rival, *worse])
    assert "`fst` leaves the least" in said
    assert "victim by victim: `ft-sam` 0.05 [-0.20, 0.30]." in said
    assert "cannot tell" not in least([ROW, OTHER, *worse])


def test_the_page_has_every_component_and_what_is_behind_it():
    page = aftermath_page([ROW, OTHER, IDLE], "`auditor x`")
    assert all(name in page for name in MEASURES)
    (harms,) = [line for line in page.splitlines() if line.startswith("| fst | 0.00 |")]
    assert "| 0.30 [0.20, 0.40] | 0.05 | - | 0.30 |" in harms
    assert "0.91 -> 0.90 (0.92)" in page
    assert "- -> 0.50 (0.10)" in page
    assert "0.40 (0.00)" in page  # of the second victim


def test_a_victim_is_repaired_measured_and_kept(
    victims: tuple[ZooModel, ...], pictures: Path, tmp_path: Path
):
    (victim,) = [model for model in victims if model.attack == "entity-dirty"]
    reference = replace(victim, id="reference", kind=REFERENCE, truth=Truth.CLEAN, attack=None)
    order = ([victim, reference], [victim, reference], str(pictures), ("head-refit",))
    budget = Budget(per_class=36, steps=4, batch=8)  # so that enough are held out
    (row,) = run_aftermath(*order, budget, tmp_path, processes=1)
    assert (row.victim, row.method, row.failed) == (victim.id, "head-refit", None)
    assert set(row.harms) | set(row.missing) == set(MEASURES)
    assert row.score is not None
    assert row.changes["accuracy"][2] is not None  # of the reference
    written = (tmp_path / RAW).stat().st_mtime_ns
    assert run_aftermath(*order, budget, tmp_path, processes=1) == (row,)
    assert (tmp_path / RAW).stat().st_mtime_ns == written
    publish_aftermath([row], tmp_path, "auditor x")
    assert victim.id in (tmp_path / SEQUELA_PAGE).read_text()


def test_without_a_reference_of_the_setting_nothing_is_measured(
    victims: tuple[ZooModel, ...], pictures: Path, tmp_path: Path
):
    (victim,) = [model for model in victims if model.attack == "entity-dirty"]
    with pytest.raises(UsageError, match="no reference"):
        run_aftermath([victim], [victim], str(pictures), ("fst",), Budget(), tmp_path, processes=1)


def test_a_foreign_file_is_refused(tmp_path: Path):
    (tmp_path / RAW).write_text('{"something": 1}\n')
    with pytest.raises(UsageError, match="holds no sequela"):
        read_aftermath(tmp_path)
