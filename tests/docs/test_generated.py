"""What `make docs` writes is what it would write now."""

from __future__ import annotations

import json

from tools.docs import (
    DETECTION,
    HOSTILE,
    RULES,
    SCANS,
    THREATS,
    hostile_inputs,
    rules_index,
    threat_model,
)


def test_the_index_of_rules_is_up_to_date():
    assert RULES.read_text(encoding="utf-8") == rules_index(), "run `make docs`"


def test_the_list_of_hostile_inputs_is_up_to_date():
    assert HOSTILE.read_text(encoding="utf-8") == hostile_inputs(), "run `make docs`"


def test_the_table_of_misses_is_up_to_date():
    page = THREATS.read_text(encoding="utf-8")
    assert threat_model(page) == page, "run `make docs`"


def test_misses_and_findings_add_up_to_the_victims():
    figures = json.loads(DETECTION.read_text(encoding="utf-8"))["detectors"]
    rows = [line.split(" | ") for line in THREATS.read_text(encoding="utf-8").splitlines()]
    counts = {row[0].removeprefix("| "): row[2:] for row in rows if len(row) == 2 + len(SCANS)}
    for column, name in enumerate(SCANS):
        called = figures[name]["by_attack"]["all"]["called"]
        missed = int(counts["all"][column].partition("/")[0].strip())
        assert missed == called["models"] - round(called["value"] * called["models"])
