"""What the repository says of repairs is what its stored results say."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.lab.repairs.page import page_of
from auditor.lab.repairs.publish import PAGE, RESULT, read_result

STORED = Path(__file__).parents[3] / "reports" / "repair"


@pytest.mark.skipif(not (STORED / RESULT).exists(), reason="no results are published yet")
def test_the_stored_page_is_that_of_the_stored_results():
    found = read_result(STORED)
    assert (STORED / PAGE).read_text(encoding="utf-8") == page_of(found.rows, found.made_by)
