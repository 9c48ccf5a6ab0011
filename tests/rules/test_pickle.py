from __future__ import annotations

import argparse
import io
import pickle
from pathlib import Path

import numpy as np
import torch

from tests.rules.files import found_in

RULE = "pickle"


def saved(value: object) -> bytes:
    raw = io.BytesIO()
    torch.save(value, raw)
    return raw.getvalue()


def test_an_import_that_nobody_knows_is_found_and_named(tmp_path: Path):
    (finding,) = found_in(tmp_path, "training_args.bin", saved(argparse.Namespace(a=1)))
    assert finding.rule_id == RULE
    assert finding.named == ("argparse.Namespace",)
    assert "suspicious" in finding.summary


def test_tensors_alone_are_innocuous_and_still_a_pickle(tmp_path: Path):
    (finding,) = found_in(tmp_path, "model.pt", saved({"w": torch.zeros(3)}))
    assert finding.rule_id == RULE
    assert "innocuous" in finding.summary


def test_the_old_format_of_torch_is_read_up_to_its_numbers(tmp_path: Path):
    raw = io.BytesIO()
    torch.save({"w": torch.ones(99)}, raw, _use_new_zipfile_serialization=False)
    (finding,) = found_in(tmp_path, "model.pth", raw.getvalue())
    assert finding.rule_id == RULE


def test_an_array_of_numbers_is_no_pickle(tmp_path: Path):
    raw = io.BytesIO()
    np.save(raw, np.zeros(5))
    assert not found_in(tmp_path, "mean.npy", raw.getvalue())


def test_the_fingerprint_is_of_one_content(tmp_path: Path):
    one, same, other = (
        found_in(tmp_path, "a.pkl", pickle.dumps(value))[0] for value in ([1], [1], [2])
    )
    assert one.fingerprint == same.fingerprint
    assert one.fingerprint != other.fingerprint
