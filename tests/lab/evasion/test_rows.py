"""Rows that outlive a broken run, and the page that is made from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.lab.evasion.evasions import BASE_AND_DATA, CHECKPOINT, EVASIONS
from auditor.lab.evasion.page import _figures, table_of
from auditor.lab.evasion.rows import Row, append_row, read_rows, write_rows

ROW = Row(
    model="victim-0",
    evasion="none",
    scan=CHECKPOINT,
    found=True,
    target_named=False,
    p_value=None,
    success={"as scanned": 0.95},
    success_as_scanned=0.95,
    accuracy=0.9,
    settings="abc",
)


def test_rows_come_back_as_they_were(tmp_path: Path):
    path = tmp_path / "out" / "evasion.csv"
    write_rows(path, [ROW])
    other = replace(ROW, scan=BASE_AND_DATA, found=False, p_value=0.0041, success={"a": 1.0})
    append_row(path, other)
    assert read_rows(path) == (ROW, other)


def test_half_a_line_does_not_count(tmp_path: Path):
    path = tmp_path / "evasion.csv"
    write_rows(path, [ROW])
    path.write_text(path.read_text() + "victim-1,none,chec")
    assert read_rows(path) == (ROW,)


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "x"])
def test_another_file_is_refused(tmp_path: Path, content: str):
    path = tmp_path / "evasion.csv"
    path.write_text(content + "\n")
    with pytest.raises(UsageError, match="no results of this benchmark"):
        read_rows(path)


def test_a_backdoor_that_does_not_work_any_more_is_not_missed():
    rows = [
        replace(ROW, model="a", found=False),
        replace(ROW, model="b", found=True),
        replace(ROW, model="c", found=False, success={"as scanned": 0.1}),
    ]
    missed = _figures("none", rows)["missed"][CHECKPOINT]
    assert (missed["value"], missed["models"]) == (0.5, 2)
    assert missed["low"] == pytest.approx(0.0126, abs=1e-3)  # Clopper-Pearson of 1 in 2


def test_the_table_has_a_line_for_every_evasion():
    document = {
        "command": "auditor lab bench",
        "auditor": "0",
        "zoo": {"name": "z"},
        "settings": {"fpr": 0.01, "works": 0.5},
        "victims": ["victim-0"],
        "evasions": {name: _figures(name, [ROW] if name == "none" else []) for name in EVASIONS},
    }
    lines = table_of(document).splitlines()
    assert (
        len([line for line in lines if line.startswith("| ")]) == len(EVASIONS) + 2
    )  # title and rule
    assert "| none | the victim as it is | 0.95 | 0.95 | 0/1 [0.00, 0.97] | - |" in lines
