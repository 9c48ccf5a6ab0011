"""Memory that runs out: the same answers, from smaller batches."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.errors import NotAudited
from auditor.models.patience import Patience, halved, is_out_of_memory

PIXELS = np.arange(100, dtype=np.uint8).reshape(100, 1, 1, 1).repeat(3, axis=1)


def room_for(most: int, error: Exception):
    """A model with memory for so many pictures at a time."""
    sizes: list[int] = []

    def look(pixels: np.ndarray):
        if len(pixels) > most:
            raise error
        sizes.append(len(pixels))
        seen = pixels[:, 0, 0].astype(np.float32)
        return seen, {"own": seen + 1}

    return look, sizes


OUT = [
    MemoryError(),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 9 bytes"),
    RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB."),
    RuntimeError("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : Failed to allocate memory"),
]


@pytest.mark.parametrize("error", OUT, ids=lambda error: str(error)[:20])
@pytest.mark.parametrize(("most", "fit"), [(100, None), (60, 50), (13, 12), (1, 1)])
def test_batches_are_halved_until_they_fit(error: Exception, most: int, fit: int | None):
    look, sizes = room_for(most, error)
    patience = Patience(look)
    answered = patience(PIXELS)
    assert answered.logits[:, 0].tolist() == list(range(100))
    assert answered.features["own"][:, 0].tolist() == list(range(1, 101))
    assert answered.fit == fit
    assert max(sizes) == (fit or 100)
    before = len(sizes)
    patience(PIXELS)  # it does not try again what did not fit
    assert len(sizes) == 2 * before
    assert bool(halved(fit)) == (fit is not None)


def test_no_room_for_one_picture_is_no_audit():
    look, _ = room_for(0, MemoryError())
    with pytest.raises(NotAudited, match="one picture"):
        Patience(look)(PIXELS)


def test_another_error_is_not_taken_for_it():
    look, _ = room_for(0, RuntimeError("shapes do not fit"))
    with pytest.raises(RuntimeError, match="shapes"):
        Patience(look)(PIXELS)


def test_torch_says_so_when_there_is_no_room():
    import torch

    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**56, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)
