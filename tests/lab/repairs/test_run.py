"""Real repairs of two tiny victims: what a job writes, keeps, and takes up again."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.lab.manifest import ZooModel
from auditor.lab.repairs.publish import PAGE, publish, read_result
from auditor.lab.repairs.run import RAW, Budget, read_rows, run_repairs
from auditor.lab.zoo_model import trigger_of

METHODS = ("head-refit", "fine-tune", "outlier-exposure", "from-scratch")
BUDGET = Budget(per_class=4, steps=4, batch=8)


def test_every_method_leaves_one_row_a_victim(
    victims: tuple[ZooModel, ...], pictures: Path, tmp_path: Path
):
    rows = run_repairs(victims, str(pictures), METHODS, [0], BUDGET, tmp_path, processes=1)
    by_attack = {
        name: [r for r in rows if r.attack == name] for name in ("entity-dirty", "badnets")
    }
    assert [row.method for row in by_attack["entity-dirty"]] == list(METHODS)
    # No scan shows pictures of a pattern, so there is nothing to be undecided about.
    assert [row.method for row in by_attack["badnets"]] == [METHODS[0], METHODS[1], METHODS[3]]
    assert {row.pattern for row in by_attack["badnets"]} == {True}
    refit, tuned_on, _, fresh = by_attack["entity-dirty"]
    assert refit.accuracy_before == tuned_on.accuracy_before == fresh.accuracy_before
    assert refit.accuracy > fresh.accuracy  # four steps teach fresh weights nothing
    assert refit.natural == pytest.approx(0.1)  # of the record
    assert read_rows(tmp_path) == rows


def test_what_is_finished_is_not_done_again(
    victims: tuple[ZooModel, ...], pictures: Path, tmp_path: Path
):
    order = (victims[:1], str(pictures), ("head-refit",))
    (first,) = run_repairs(*order, [0], BUDGET, tmp_path, processes=1)
    with (tmp_path / RAW).open("a") as file:
        file.write('{"victim": "cut o')  # by a kill
    again = run_repairs(*order, [0, 1], BUDGET, tmp_path, processes=1)
    assert again[0] == first  # its seconds too
    assert [row.seed for row in again] == [0, 1]
    assert read_rows(tmp_path) == again


def test_what_is_published_is_read_again(
    victims: tuple[ZooModel, ...], pictures: Path, tmp_path: Path
):
    rows = run_repairs(
        victims[:1], str(pictures), ("head-refit",), [0], BUDGET, tmp_path, processes=1
    )
    publish(rows, tmp_path, "auditor x")
    assert read_result(tmp_path).rows == rows
    assert "`auditor x`" in (tmp_path / PAGE).read_text()


def test_a_foreign_file_is_refused(tmp_path: Path):
    (tmp_path / RAW).write_text('{"something": 1}\n')
    with pytest.raises(UsageError, match="holds no repairs"):
        read_rows(tmp_path)
    with pytest.raises(UsageError, match="cannot be read"):
        read_result(tmp_path)


def test_an_entity_is_no_pattern(victims: tuple[ZooModel, ...], pictures: Path):
    (victim,) = [model for model in victims if model.attack == "entity-dirty"]
    with pytest.raises(UsageError, match="no pattern"):
        trigger_of(victim.folder, victim.base, str(pictures))
