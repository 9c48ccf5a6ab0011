"""Weights in the form in which transformers saves them, read one at a time."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from transformers import ViTConfig, ViTForImageClassification

from auditor.models.stored_form import stored_form

MAPS = Path("/proc/self/maps")


def tiny_vit() -> ViTForImageClassification:
    config = ViTConfig(
        hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    return ViTForImageClassification(config)


def test_tensors_have_the_names_of_the_files_and_the_values_of_the_model(tmp_path: Path):
    model = tiny_vit()
    state = model.state_dict()
    with stored_form(model, tmp_path) as stored:
        head = stored.tensor("classifier.weight")
        assert stored.file_of.keys() != state.keys()
        assert torch.equal(head, state["classifier.weight"])
        with pytest.raises(KeyError):
            stored.tensor("nothing")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not MAPS.exists(), reason="looks into /proc")
def test_a_file_is_mapped_once_for_all_of_its_tensors(tmp_path: Path):
    """Met with a ViT of 343 MB: one mapping a tensor, 68 GB in all, is more than the box allows."""
    with stored_form(tiny_vit(), tmp_path) as stored:
        held = [stored.tensor(name) for name in stored.file_of]
        mapped = [line for line in MAPS.read_text().splitlines() if str(tmp_path) in line]
    assert len(held) > 20
    assert len(mapped) <= 2
