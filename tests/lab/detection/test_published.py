"""What the repository says of detection is what its stored results say."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.lab.detection.page import page_of, readme_table
from auditor.lab.detection.publish import BEGIN, END, PAGE, PLOT, RESULT, read_result, with_table

ROOT = Path(__file__).parent.parent.parent.parent
STORED = ROOT / "reports" / "detection"
published = pytest.mark.skipif(
    not (STORED / RESULT).exists(), reason="no results are published yet"
)


@published
def test_the_readme_shows_the_stored_table():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == with_table(text, readme_table(read_result(STORED))), (
        "run: auditor lab table --result reports/detection --readme README.md"
    )


@published
def test_the_stored_page_is_that_of_the_stored_results():
    plot = PLOT if (STORED / PLOT).exists() else None
    assert (STORED / PAGE).read_text(encoding="utf-8") == page_of(read_result(STORED), plot=plot)


def test_the_readme_shows_no_figures_without_results():
    if not (STORED / RESULT).exists():
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        assert not text.partition(BEGIN)[2].partition(END)[0].strip()
