from __future__ import annotations

import csv
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.lab.detection.records import KindResult
from auditor.lab.detection.table import COLUMNS, append_row, read_rows, write_rows
from tests.lab.detection.made_rows import CLEAN, HUSKY, MODELS, ROWS, row

AWKWARD = row(
    HUSKY,
    0.1 + 0.2,
    p_value=1e-17,
    called=True,
    targets=('stop, "now"', "süß\nzweite"),
    entities=("a|b",),
    kinds={"class-share": KindResult(0.5, None), "detail-contrast": KindResult(0.25, 0.125)},
)


def test_what_is_written_is_read_again(tmp_path: Path):
    path = tmp_path / "d.csv"
    rows = (AWKWARD, row(CLEAN[0], None, decided=False))
    write_rows(path, MODELS, ())
    for each in rows:
        append_row(path, next(m for m in MODELS if m.id == each.model), each)
    assert read_rows(path) == rows


def test_rows_are_written_in_the_order_of_the_models(tmp_path: Path):
    path = tmp_path / "d.csv"
    write_rows(path, MODELS, reversed(ROWS))
    assert [r.model for r in read_rows(path)][::2] == [m.id for m in MODELS]
    assert list(tmp_path.iterdir()) == [path]


def test_the_truth_stands_beside_what_was_said(tmp_path: Path):
    path = tmp_path / "d.csv"
    write_rows(path, MODELS, [AWKWARD])
    with path.open(encoding="utf-8", newline="") as file:
        (said,) = csv.DictReader(file)
    assert tuple(said) == COLUMNS
    assert (said["truth"], said["attack"], said["entity"]) == ("backdoored", "entity", "husky")
    assert (said["called"], said["decided"]) == ("yes", "yes")


def test_a_line_that_was_left_half_written_does_not_count(tmp_path: Path):
    path = tmp_path / "d.csv"
    write_rows(path, MODELS, ROWS[:3])
    whole = path.read_text(encoding="utf-8")
    for cut in (1, 5, 40):
        path.write_text(whole[:-cut], encoding="utf-8")
        assert read_rows(path) == tuple(ROWS[:2])


def test_no_file_is_no_rows(tmp_path: Path):
    assert read_rows(tmp_path / "none.csv") == ()


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n",
        ",".join(COLUMNS) + "\n" + "x," * (len(COLUMNS) - 1) + "x\n",
        ",".join(COLUMNS) + "\nx\n",
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str):
    path = tmp_path / "d.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="no results of this benchmark"):
        read_rows(path)
