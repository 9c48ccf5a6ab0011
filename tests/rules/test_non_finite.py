from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from auditor.checkpoints.finite import PART_BYTES, non_finite_fact
from auditor.checkpoints.listing import list_named
from auditor.judge_files import judge_files
from auditor.rules import shipped_rules
from auditor.types import FileFinding

RULE = "non-finite"
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.float8_e5m2)


def found(folder: Path, **tensors: torch.Tensor) -> tuple[FileFinding, ...]:
    path = folder / "model.safetensors"
    save_file(tensors, path)
    (file,) = list_named(folder, [path.name])
    fact = non_finite_fact(path, file)
    return judge_files(shipped_rules(), [] if fact is None else [fact])


@pytest.mark.parametrize("dtype", [*FLOATS, torch.float8_e4m3fn], ids=str)
def test_one_nan_is_found_and_the_tensor_named(tmp_path: Path, dtype: torch.dtype):
    bad = torch.ones(9)
    bad[7] = torch.nan
    (finding,) = found(tmp_path, good=torch.ones(5), bad=bad.to(dtype))
    assert (finding.rule_id, finding.named) == (RULE, ("bad",))
    assert "1 tensor holds NaN or infinity" in finding.summary


@pytest.mark.parametrize("dtype", FLOATS, ids=str)
def test_infinity_is_found(tmp_path: Path, dtype: torch.dtype):
    assert found(tmp_path, bad=torch.tensor([1.0, -torch.inf]).to(dtype))


@pytest.mark.parametrize("dtype", [*FLOATS, torch.int64], ids=str)
def test_the_largest_number_is_finite(tmp_path: Path, dtype: torch.dtype):
    limits = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    wide = torch.float64 if dtype.is_floating_point else dtype
    assert not found(tmp_path, w=torch.tensor([limits.max, limits.min], dtype=wide).to(dtype))


def test_a_number_beyond_the_first_part_is_seen(tmp_path: Path):
    long = torch.zeros(PART_BYTES // 4 + 10)
    assert not found(tmp_path, long=long)
    long[-1] = torch.inf
    assert found(tmp_path, long=long)
