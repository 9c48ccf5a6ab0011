from __future__ import annotations

import csv
import shutil
from dataclasses import replace

import pytest

from auditor.entities.synthesised.recipe import Recipe
from auditor.errors import UsageError
from auditor.lab.synthesis import PAGE, TABLE, measure_synthesis, publish_synthesis
from tests.made_bases import write_colour_base
from tests.small_models import write_tiny

QUICK = Recipe(size=16, shown=16, steps=30, rate=0.3)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """A base and a copy of it."""
    room = tmp_path_factory.mktemp("bases") / "org"
    one = write_colour_base(room / "one")
    shutil.copytree(one, room / "copy")
    bases = [str(one), str(room / "copy")]
    return measure_synthesis(bases, labels=12, sides=(8, 16, 99), recipe=QUICK)


def test_every_base_names_what_was_made_of_every_base(rows):
    assert [(row.base, row.side) for row in rows] == [
        *(("org/one", 8), ("org/one", 16)),
        *(("org/copy", 8), ("org/copy", 16)),
    ]  # none takes pictures larger than its own
    for row in rows:
        assert row.instances == 12
        assert row.cpu_seconds > 0
        assert set(row.elsewhere) == {"org/one", "org/copy"} - {row.base}
        assert row.transfer == pytest.approx(sum(row.elsewhere.values()))
        assert 0 < row.distance < 255


def test_a_copy_names_right_what_the_base_names_right_and_no_more(rows):
    assert all(row.transfer == row.named for row in rows)
    assert all(row.named > 0.5 for row in rows if row.side == 16)  # by chance one in fourteen


def test_a_table_and_a_page(rows, tmp_path):
    publish_synthesis(rows, tmp_path / "out", "auditor lab bench")
    with (tmp_path / "out" / TABLE).open() as file:
        said = list(csv.DictReader(file))
    assert len(said) == 2 * len(rows)
    assert {(line["base"], line["named_by"]) for line in said} == {
        (a, b) for a in ("org/one", "org/copy") for b in ("org/one", "org/copy")
    }
    page = (tmp_path / "out" / PAGE).read_text()
    assert page.count("\n| org/") == len(rows)
    assert f"({rows[0].named:.2f})" in page


def test_bases_with_different_labels_cannot_name_each_others(tmp_path):
    one = write_tiny(tmp_path / "one")
    two = write_tiny(tmp_path / "two", labels=("a", "b", "c"))
    with pytest.raises(UsageError, match="different labels"):
        measure_synthesis([str(one), str(two)], recipe=QUICK)


def test_one_base_alone_has_no_transfer(rows):
    assert replace(rows[0], elsewhere={}).transfer is None
