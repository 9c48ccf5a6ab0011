from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.evidence.kinds import statistics_of
from auditor.evidence.table import ProbeTable
from auditor.lab.kept_tables import ARRAYS, read_tables, write_tables
from tests.perturbed import perturbed_table
from tests.tables import ALL, table


def same(one: ProbeTable, other: ProbeTable) -> None:
    for name in (*ARRAYS, "entity"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        assert getattr(one, name).dtype == getattr(other, name).dtype
    assert one.entities == other.entities
    assert (one.held, one.own, one.known) == (other.held, other.own, other.known)
    assert (one.inside is None) == (other.inside is None)
    if one.inside is not None:
        same(one.inside, other.inside)
    assert set(one.references) == set(other.references)
    for name, beside in one.references.items():
        same(beside, other.references[name])


@pytest.fixture
def beside() -> dict[int, ProbeTable]:
    """One model beside references that rest on 10 images a class, and on 40."""
    few, many = table(1, references=ALL), table(1, references=ALL[:2], explained=ALL[:1])
    return {10: few, 40: many}


def test_tables_come_back_as_they_were(beside, tmp_path: Path):
    write_tables(tmp_path / "a" / "kept.npz", beside)
    back = read_tables(tmp_path / "a" / "kept.npz")
    assert list(back) == [10, 40]
    for count, one in beside.items():
        same(one, back[count])
        assert statistics_of(one) == statistics_of(back[count])


@pytest.mark.parametrize("entities", [40, 6])
def test_entities_that_mean_a_label_come_back_as_they_were(tmp_path: Path, entities: int):
    """Beside others, and by themselves."""
    of = {n: table(1, entities=entities, inside=6, references=ALL) for n in (10, 40)}
    write_tables(tmp_path / "kept.npz", of)
    back = read_tables(tmp_path / "kept.npz")
    for count, one in of.items():
        same(one, back[count])
        assert one.inside.held == {(i, i) for i in range(6)}
        assert "wrong-label" in statistics_of(one)
        assert statistics_of(one) == statistics_of(back[count])


def test_answers_to_perturbed_probes_come_back_as_they_were(tmp_path: Path):
    few = perturbed_table(1)
    of = {10: few, 40: replace(few, perturbed=perturbed_table(2).perturbed)}
    write_tables(tmp_path / "kept.npz", of)
    back = read_tables(tmp_path / "kept.npz")
    for count, one in of.items():
        assert set(back[count].perturbed) == set(one.perturbed) == {"ladder", "collisions"}
        for name, perturbed in one.perturbed.items():
            same(perturbed, back[count].perturbed[name])
        assert statistics_of(one) == statistics_of(back[count])


def test_a_model_without_references_is_kept_too(tmp_path: Path):
    write_tables(tmp_path / "kept.npz", dict.fromkeys((10, 40), table(1)))
    back = read_tables(tmp_path / "kept.npz")
    assert [dict(one.references) for one in back.values()] == [{}, {}]


def test_a_part_that_came_back_keeps_its_references(beside, tmp_path: Path):
    write_tables(tmp_path / "kept.npz", beside)
    part = read_tables(tmp_path / "kept.npz")[10]
    same(part.keep(part.entity < 5), beside[10].keep(beside[10].entity < 5))


def test_writing_again_replaces_what_stood_there_and_leaves_no_draft(beside, tmp_path: Path):
    write_tables(tmp_path / "kept.npz", {10: replace(beside[10], references={})})
    write_tables(tmp_path / "kept.npz", beside)
    assert set(read_tables(tmp_path / "kept.npz")) == {10, 40}
    assert [path.name for path in tmp_path.iterdir()] == ["kept.npz"]
