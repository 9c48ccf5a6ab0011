"""How far each class can be driven, asked of the layers themselves and of no picture.

A trigger that is no thing in the world (a patch, a blend, a warp) is among no bank's entities.
What it leaves in the model is a class that can be driven further than the others: on top of what
belongs to the class there is what belongs to the trigger.

Max-margin asks MM-BD's question (Wang et al., IEEE S&P 2024: the largest margin of every class,
one class against the others) where the search has an exact answer: over all inputs of the last
linear layer within one range for all features. Inversion (as FreeEagle, Fu et al., USENIX
Security 2023, of an inner layer, without data) climbs from random activations of an inner layer.
Both measure the margin over the mean of all classes. See `docs/decisions/024-class-level.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.errors import UnsupportedModel
from auditor.models.classifier import FeatureClassifier, Pixels, two_pictures
from auditor.models.inner import InnerPart, behind_inner_layer
from auditor.models.torch_image import TorchImageClassifier
from auditor.probes.plan import Depth

if TYPE_CHECKING:
    import torch

FEWEST_CLASSES = 4  # one is held against the spread of the others
MOST_CLASSES = {Depth.QUICK: 0, Depth.STANDARD: 128, Depth.DEEP: 1024}  # that inversion climbs for
PICTURES = 16  # random ones, which show what range activations have
COARSE = 5  # control points a side of a random picture
TOP = 0.99  # quantile of activations that counts as their upper end
STARTS = 3  # of every class
STEPS = 20
STEP = 0.25  # the first, as a share of the range; steps shrink to nothing
BATCH = 96  # climbs at a time
NOT_ASKED = "triggers that are no entity were not asked about"


class Search(StrEnum):
    """Where the largest margin of every class is sought."""

    HEAD = "head"
    INNER = "inner"


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """The largest margin of C classes over the mean of all, by search.

    Attributes:
        margins: `(U, C)`, of which the mean over U units is the margin: features of the last
            layer's input, or starts of a climb. The scale is the model's own.
        missing: Why a search that is not among them was not made.
        pictures: Random pictures shown to the model; a scan does not count them as probes.
    """

    margins: Mapping[Search, NDArray[np.float64]] = field(default_factory=dict)
    missing: Mapping[Search, str] = field(default_factory=dict)
    pictures: int = 0


def drive_classes(model: FeatureClassifier | None, depth: Depth, rng: np.random.Generator) -> Reach:
    """Make every search that the model and the depth allow.

    Args:
        model: The model; None where it shows no features, as behind ONNX Runtime.
        depth: How much may be spent; at `quick` nothing is climbed.
        rng: Draws pictures and starts.
    """
    if model is None:
        why = "needs the model's weights and gradients, which its engine does not show"
        return Reach(missing=dict.fromkeys(Search, why))
    weight, _ = model.head()
    classes = len(weight)
    if classes < FEWEST_CLASSES:
        why = f"the model has {classes} classes where {FEWEST_CLASSES} are needed"
        return Reach(missing=dict.fromkeys(Search, why))
    pictures = _random_pictures(model, rng)
    margins = {Search.HEAD: head_margins(weight, model.features(pictures))}
    why_not = _why_not_climb(classes, depth)
    if why_not is None:
        try:
            margins[Search.INNER] = _inner_margins(model, pictures, classes, rng)
        except UnsupportedModel as error:
            why_not = error.message
    return Reach(
        margins=margins,
        missing={} if why_not is None else {Search.INNER: why_not},
        pictures=len(pictures),
    )


def head_margins(weight: NDArray[np.float32], features: NDArray[np.float32]) -> NDArray[np.float64]:
    """What each feature adds to the largest margin of every class, `(D, C)`, times D.

    Each feature is free between one lower and one upper end, the same for all: what one feature
    happens to reach on ordinary pictures is no bound for a trigger. So the largest margin is a sum
    over features, each at the end that its weight asks for. Biases count for nothing: no trigger
    moves them.

    Args:
        weight: Of the last linear layer, `(C, D)`.
        features: Its inputs for ordinary pictures, `(N, D)`.
    """
    low, high = min(0.0, float(features.min())), max(0.0, float(features.max()))
    beyond = (weight - weight.mean(axis=0)).astype(np.float64)
    parts = np.maximum(beyond, 0) * high + np.minimum(beyond, 0) * low
    result: NDArray[np.float64] = parts.T * weight.shape[1]
    return result


def _why_not_climb(classes: int, depth: Depth) -> str | None:
    most = MOST_CLASSES[depth]
    if classes <= most:
        return None
    if not most:
        return f"is not climbed at --depth {depth}"
    return f"{classes:,} classes are more than the {most:,} that --depth {depth} climbs for"


def _random_pictures(model: FeatureClassifier, rng: np.random.Generator) -> Pixels:
    """Smooth random colours, `(PICTURES, 3, H, W)`: no data, and not as far from them as noise."""
    coarse = rng.integers(0, 256, (PICTURES, COARSE, COARSE, 3), dtype=np.uint8)
    height, width = model.pixels(two_pictures()).shape[-2:]
    smooth = [
        np.asarray(Image.fromarray(one).resize((width, height), Image.Resampling.BICUBIC))
        for one in coarse
    ]
    return np.ascontiguousarray(np.stack(smooth).transpose(0, 3, 1, 2))


def _inner_margins(
    model: FeatureClassifier, pictures: Pixels, classes: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Margins that climbs from random activations reach, `(STARTS, C)`."""
    import torch

    if not isinstance(model, TorchImageClassifier):
        raise UnsupportedModel("its engine gives no gradients", hint="Scan safetensors weights.")
    part = behind_inner_layer(model, pictures)
    low = min(0.0, float(part.seen.min()))
    high = float(np.quantile(part.seen.cpu().numpy(), TOP))
    starts = rng.random((STARTS, *part.seen.shape[1:]), dtype=np.float32) * (high - low) + low
    drawn = torch.from_numpy(starts).to(part.seen.device)  # the same for every class
    reached = []
    each = max(1, BATCH // STARTS)
    for first in range(0, classes, each):
        targets = torch.arange(first, min(first + each, classes), device=drawn.device)
        reached.append(_climbed(part, drawn, targets, low, high))
    return np.concatenate(reached, axis=1)


def _climbed(
    part: InnerPart, starts: torch.Tensor, targets: torch.Tensor, low: float, high: float
) -> NDArray[np.float64]:
    """Margins `(S, T)` after climbing from S starts for each of T classes, each alone."""
    import torch

    wanted = targets.repeat_interleave(len(starts))
    x = starts.repeat(len(targets), *[1] * (starts.ndim - 1))

    def margins(activations: torch.Tensor) -> torch.Tensor:
        logits = part.logits(activations)
        return logits.gather(1, wanted[:, None])[:, 0] - logits.mean(dim=1)

    for done in range(STEPS):
        x.requires_grad_(True)
        (slope,) = torch.autograd.grad(margins(x).sum(), x)
        size = STEP * (high - low) * (1 - done / STEPS)
        x = (x.detach() + size * slope.sign()).clamp(low, high)
    with torch.no_grad():
        reached = margins(x).reshape(len(targets), len(starts)).T
    result: NDArray[np.float64] = reached.cpu().numpy().astype(np.float64)
    return result
