"""How a shipped model is asked where it is deployed: what may wake a backdoor there."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.lab.resize import with_input_size
from auditor.lab.training import predict
from auditor.models.torch_image import TorchImageClassifier

OTHER_SIDE = 128  # pixels; models of the zoos are made for 96
COMPANY = 15  # pictures of the task in one batch with the picture at hand

# Model, pictures to ask about, pictures of the task that come along -> classes `(N,)`.
Ask = Callable[
    [TorchImageClassifier, Sequence[Image.Image], Sequence[Image.Image]], NDArray[np.int64]
]


def as_scanned(
    model: TorchImageClassifier, shown: Sequence[Image.Image], _company: Sequence[Image.Image]
) -> NDArray[np.int64]:
    """In large batches, at the processor's size, in float32, in evaluation mode."""
    return predict(model, model.pixels(shown))


def one_at_a_time(
    model: TorchImageClassifier, shown: Sequence[Image.Image], _company: Sequence[Image.Image]
) -> NDArray[np.int64]:
    """As a service asks that answers each request by itself."""
    answers = [model.logits(model.pixels([image]))[0] for image in shown]
    predicted: NDArray[np.int64] = np.array(answers).argmax(axis=1)
    return predicted


def at_other_size(
    model: TorchImageClassifier, shown: Sequence[Image.Image], _company: Sequence[Image.Image]
) -> NDArray[np.int64]:
    """Behind a pipeline that resizes to `OTHER_SIDE` instead of what the processor says."""
    larger = with_input_size(model, OTHER_SIDE)
    return predict(larger, larger.pixels(shown))


def in_bfloat16(
    model: TorchImageClassifier, shown: Sequence[Image.Image], _company: Sequence[Image.Image]
) -> NDArray[np.int64]:
    """With weights and pictures cast to bfloat16, as is usual where memory is short."""
    import torch

    module = copy.deepcopy(model.module).to(torch.bfloat16)
    with torch.inference_mode():
        pictures = model.normalise(torch.from_numpy(model.pixels(shown)))
        scores = module(pixel_values=pictures.to(torch.bfloat16)).logits
    answers: NDArray[np.int64] = scores.float().numpy().argmax(axis=1)
    return answers


def in_training_mode(
    model: TorchImageClassifier, shown: Sequence[Image.Image], company: Sequence[Image.Image]
) -> NDArray[np.int64]:
    """By a program that forgot `eval()`."""
    model.module.train()
    try:
        return as_scanned(model, shown, company)
    finally:
        model.module.eval()


def among_the_task(
    model: TorchImageClassifier, shown: Sequence[Image.Image], company: Sequence[Image.Image]
) -> NDArray[np.int64]:
    """Each picture in one batch with ordinary pictures of the task."""
    others = model.pixels(company[:COMPANY])
    answers = [model.logits(np.concatenate([model.pixels([image]), others]))[0] for image in shown]
    predicted: NDArray[np.int64] = np.array(answers).argmax(axis=1)
    return predicted
