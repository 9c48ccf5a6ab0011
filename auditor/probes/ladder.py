"""The ladder of views: one instance of each entity, cropped, shrunk, coded, recoloured, blurred.

Each rung leaves some of what a picture shows. What was planted holds where detail is left, whatever
happens to colours; an accident follows colours and coarse shapes. Rungs act on pixels
`(N, 3, H, W)` in [0, 1] at the model's size; kornia does the work, on the CPU, so that the device
changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank
from auditor.models.classifier import Classifier, Pixels, softmax

if TYPE_CHECKING:
    import torch

HALF_TURN = float(np.pi)  # of the hue: every colour becomes its opposite
UNIT = 1 / 96  # of the side: blurs are given in pixels of a picture of 96
BATCH = 64
Rung = Callable[["torch.Tensor", np.random.Generator], "torch.Tensor"]
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, eq=False)
class Ladder:
    """What the model answers to one instance of each of E entities on every rung.

    Attributes:
        answers: Probabilities `(E, R, C)`, rungs in the order of `RUNGS`.
        entity: Position of each entity in the bank, `(E,)`.
    """

    answers: NDArray[np.float32]
    entity: NDArray[np.int64]

    @property
    def passes(self) -> int:
        """Pictures that were shown to the model."""
        return len(self.entity) * len(RUNGS)


def climb(
    classifier: Classifier,
    bank: EntityBank,
    entities: NDArray[np.int64],
    rng: np.random.Generator,
    progress: Progress,
) -> Ladder:
    """Show the first instance of each entity on every rung; entities without one are left out.

    Args:
        classifier: The model under audit.
        bank: What to show.
        entities: Positions of the entities to ask about, `(E,)`.
        rng: Draws the noise.
        progress: Called with (done, total).
    """
    answers, asked = [], []
    for start in range(0, len(entities), BATCH):
        drawn = _drawn(bank, entities[start : start + BATCH])
        if drawn:
            pixels = classifier.pixels(list(drawn.values()))
            on_each = [softmax(classifier.logits(shown)) for shown in rungs_of(pixels, rng)]
            answers.append(np.stack(on_each, axis=1))
            asked += list(drawn)
        progress(min(start + BATCH, len(entities)), len(entities))
    nothing = np.empty((0, len(RUNGS), len(classifier.labels)), np.float32)
    return Ladder(np.concatenate([nothing, *answers]), np.array(asked, dtype=np.int64))


def _drawn(bank: EntityBank, entities: NDArray[np.int64]) -> dict[int, Any]:
    found = {}
    for entity in entities:
        try:
            found[int(entity)] = bank.draw(int(entity), 0).image
        except UnreadableImageError:  # the ordinary probes have told of it
            continue
    return found


def rungs_of(pixels: Pixels, rng: np.random.Generator) -> list[Pixels]:
    """Pictures `(N, 3, H, W)` on every rung, in the order of `RUNGS`."""
    import torch

    x = torch.from_numpy(np.ascontiguousarray(pixels)).float() / 255
    return [
        (rung(x, rng).clamp(0, 1) * 255).round().to(torch.uint8).contiguous().numpy()
        for rung in RUNGS.values()
    ]


def _cropped(share: float) -> Rung:
    """The central part, enlarged to the full frame."""

    def rung(x: torch.Tensor, _rng: np.random.Generator) -> torch.Tensor:
        from kornia.geometry.transform import resize

        height, width = x.shape[-2:]
        dy, dx = (round(side * (1 - share) / 2) for side in (height, width))
        return resize(x[..., dy : height - dy, dx : width - dx], (height, width))

    return rung


def _blurred(sigma: float) -> Rung:
    """Through a Gaussian whose width is in pixels of a picture of 96."""

    def rung(x: torch.Tensor, _rng: np.random.Generator) -> torch.Tensor:
        from kornia.filters import gaussian_blur2d

        width = sigma * x.shape[-1] * UNIT
        side = 2 * max(1, round(2 * width)) + 1
        return gaussian_blur2d(x, (side, side), (width, width), border_type="replicate")

    return rung


def _noisy(levels: float) -> Rung:
    """With normal noise of so many grey levels of 255."""

    def rung(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
        import torch

        noise = torch.from_numpy(rng.standard_normal(tuple(x.shape), dtype=np.float32))
        return x + noise * (levels / 255)

    return rung


def _jpeg(quality: float) -> Rung:
    def rung(x: torch.Tensor, _rng: np.random.Generator) -> torch.Tensor:
        import torch
        from kornia.enhance import jpeg_codec_differentiable
        from torch.nn import functional as F

        height, width = x.shape[-2:]
        whole = F.pad(x, (0, -width % 16, 0, -height % 16), mode="replicate")
        coded = jpeg_codec_differentiable(whole, torch.full((len(x),), quality))
        return coded[..., :height, :width]

    return rung


def _grey(x: torch.Tensor, _rng: np.random.Generator) -> torch.Tensor:
    from kornia.enhance import adjust_saturation

    return adjust_saturation(x, 0.0)


def _opposite(x: torch.Tensor, _rng: np.random.Generator) -> torch.Tensor:
    from kornia.enhance import adjust_hue

    return adjust_hue(x, HALF_TURN)


def _shrunk(share: float) -> Rung:
    """The whole picture made smaller, its edges repeated around it."""

    def rung(x: torch.Tensor, _rng: np.random.Generator) -> torch.Tensor:
        from kornia.geometry.transform import resize
        from torch.nn import functional as F

        height, width = x.shape[-2:]
        small = resize(x, (round(height * share), round(width * share)), antialias=True)
        dy, dx = height - small.shape[-2], width - small.shape[-1]
        return F.pad(small, (dx // 2, dx - dx // 2, dy // 2, dy - dy // 2), mode="replicate")

    return rung


RUNGS: Mapping[str, Rung] = {
    "cropped to 0.8": _cropped(0.8),
    "noise of 8": _noisy(8.0),
    "JPEG 40": _jpeg(40.0),
    "grey": _grey,
    "opposite colours": _opposite,
    "shrunk to 0.7": _shrunk(0.7),
    "blurred by 1": _blurred(1.0),
    "blurred by 2": _blurred(2.0),
}
TAKE_DETAIL = ("blurred by 1", "blurred by 2")  # all others leave it
