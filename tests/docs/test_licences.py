"""`docs/licences.md` holds the licence of every package that is installed for auditor."""

from __future__ import annotations

import pytest

from tools.licences import PAGE, UNKNOWN, licence_of, page, rows

pytestmark = pytest.mark.skipif(
    not rows().keys() >= {"pip-audit", "ruff"}, reason="needs the extras lab and dev installed"
)


def test_every_package_is_listed_with_its_licence():
    """Other platforms need a few packages less, so the page may hold more than there are here."""
    listed = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")][2:]
    there = {row.split(" | ")[0]: row for row in listed}
    for name, row in rows().items():
        assert there.get(f"| {name}") == row, "run `make docs`"
    assert PAGE.read_text() == page(listed)


def test_no_licence_is_unknown():
    assert [name for name in rows() if licence_of(name) == UNKNOWN] == []
