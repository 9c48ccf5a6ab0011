from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from tests.hostile.payload import pickled, pickled_by_hand, pickled_then_broken
from tests.rules.files import found_in

RULE = "dangerous-pickle"


@pytest.mark.parametrize("make", [pickled, pickled_by_hand, pickled_then_broken])
def test_a_pickle_that_runs_code_is_found_whatever_its_name(tmp_path: Path, make):
    (finding,) = found_in(tmp_path, "cat.png", make("1"))
    assert finding.rule_id == RULE
    assert "cat.png is a Python pickle, and picklescan" in finding.summary


def test_a_pickle_of_plain_things_is_not_flagged(tmp_path: Path):
    assert all(f.rule_id != RULE for f in found_in(tmp_path, "a.pkl", pickle.dumps({"a": [1.0]})))


def test_what_cannot_be_read_to_its_end_is_no_all_clear(tmp_path: Path):
    (finding,) = found_in(tmp_path, "a.pkl", pickle.dumps({"a": [1.0]}, protocol=4)[:-3])
    assert finding.rule_id == RULE
    assert "cannot read it to its end" in finding.summary


@pytest.mark.parametrize("name", ["notes.txt", "labels.bin"])
@pytest.mark.parametrize(
    "text",
    ["cosine\nsystem\n(is no pickle.)\n", "cat\ndog\nelk\n", "import os\nos.system", "0.5 0.3"],
)
def test_text_that_looks_a_little_like_one_is_none(tmp_path: Path, name: str, text: str):
    assert not found_in(tmp_path, name, text.encode())
