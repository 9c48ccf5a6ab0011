"""Neural Cleanse: a patch that sends everything to the target is unusually small.

Source: Wang, Yao, Shan, Li, Viswanath, Zheng and Zhao, Neural Cleanse: Identifying and Mitigating
Backdoor Attacks in Neural Networks (IEEE S&P 2019). For every class a mask and a pattern are
sought that send clean pictures to the class, with a penalty on the mask's L1 norm that is raised
while the attack works and lowered while it does not. A class whose mask is smaller than the median
by more than two median absolute deviations is called a target. Needs clean pictures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditor.lab.baselines.suspicion import Suspicion
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier

if TYPE_CHECKING:
    import torch

CONSISTENT = 1.4826  # makes the median absolute deviation of a normal sample its standard one
BETAS = (0.5, 0.9)  # of Adam, as the paper's code has them


@dataclass(frozen=True, slots=True, kw_only=True)
class NeuralCleanseSettings:
    """How long a mask is sought.

    The paper's code takes 1,000 steps of 32 pictures a class, Adam with rate 0.1, a first penalty
    of 0.001 a pixel that doubles or falls by 2 ** 1.5 after five steps in a row, and the success
    of 0.99. Here there are far fewer steps and pictures; `penalty` is a share of the picture's
    pixels rather than of one pixel, so that it means the same at any input size (at the 32 pixels
    of the paper's data the two are equal). `customary` is the paper's threshold on the index.
    """

    steps: int = 60
    batch: int = 8
    learning_rate: float = 0.1
    penalty: float = 1.0
    raise_by: float = 2.0
    lower_by: float = 2.0**1.5
    patience: int = 5
    success: float = 0.99
    customary: float = 2.0


def neural_cleanse(
    classifier: TorchImageClassifier,
    pixels: Pixels,
    labels: NDArray[np.int64],
    settings: NeuralCleanseSettings,
    rng: np.random.Generator,
) -> Suspicion:
    """Score a model; `score` is the anomaly index of the smallest mask.

    Args:
        classifier: The model.
        pixels: Clean pictures of the task, `(N, 3, H, W)`.
        labels: Their classes, `(N,)`, as the model counts them.
        settings: How long to search.
        rng: Draws where masks start and which pictures are shown.
    """
    norms = np.array(
        [
            mask_norm(classifier, pixels[labels != target], target, settings, rng)
            for target in range(len(classifier.labels))
        ]
    )
    indices = anomaly_indices(norms)
    order = np.argsort(-indices, kind="stable")
    return Suspicion(
        score=float(indices[order[0]]),
        p_value=None,
        customary=bool(indices[order[0]] > settings.customary),
        ranking=tuple(order.tolist()),
        statistics=tuple(norms.tolist()),
        pictures=len(norms) * settings.steps * settings.batch,
    )


def anomaly_indices(norms: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many deviations each norm `(C,)` lies below the median; negative above it."""
    below = np.median(norms) - norms
    deviation = CONSISTENT * float(np.median(np.abs(below)))
    # Where most masks have one size, a deviation of nothing must not make all others infinite.
    floor = 1e-3 * float(np.median(norms)) + 1e-12
    result: NDArray[np.float64] = below / max(deviation, floor)
    return result


def mask_norm(
    classifier: TorchImageClassifier,
    pixels: Pixels,
    target: int,
    settings: NeuralCleanseSettings,
    rng: np.random.Generator,
) -> float:
    """L1 norm, in pixels, of the smallest mask found that sends `pixels` to the target.

    Where none succeeded, that of the last mask, as in the paper's code.
    """
    import torch
    from torch.nn import functional as F

    wanted = torch.full((settings.batch,), target, device=classifier.device)
    mask, pattern = _start(classifier, pixels.shape[1:], rng)
    optimiser = torch.optim.Adam([mask, pattern], lr=settings.learning_rate, betas=BETAS)
    penalty = Penalty(settings)
    smallest, last = np.inf, 0.0
    for _ in range(settings.steps):
        clean = torch.from_numpy(pixels[rng.integers(0, len(pixels), settings.batch)])
        share, colour = (torch.tanh(raw) / 2 + 0.5 for raw in (mask, pattern))
        stamped = clean.to(classifier.device) * (1 - share) + 255 * colour * share
        logits = classifier.forward(stamped)
        loss = F.cross_entropy(logits, wanted) + penalty.weight * share.mean()
        last = float(share.detach().sum())
        success = float((logits.argmax(dim=1) == wanted).float().mean())
        if success >= settings.success:
            smallest = min(smallest, last)
        penalty.told(success)
        mask.grad, pattern.grad = torch.autograd.grad(loss, [mask, pattern])
        optimiser.step()
    return smallest if np.isfinite(smallest) else last


def _start(
    classifier: TorchImageClassifier, shape: tuple[int, ...], rng: np.random.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """A random mask `(1, 1, H, W)` and pattern `(1, 3, H, W)`, before they are squashed."""
    import torch

    channels, height, width = shape
    raw = rng.uniform(-1, 1, (1 + channels, height, width)).astype(np.float32)
    both = torch.from_numpy(raw).to(classifier.device)
    mask, pattern = both[None, :1].clone(), both[None, 1:].clone()
    return mask.requires_grad_(True), pattern.requires_grad_(True)


class Penalty:
    """The weight of the mask's size, which follows how well the attack works."""

    def __init__(self, settings: NeuralCleanseSettings) -> None:
        self.weight = settings.penalty
        self._settings = settings
        self._worked = self._failed = 0

    def told(self, success: float) -> None:
        """Take note of one step's success and adapt after enough of a kind in a row."""
        works = success >= self._settings.success
        self._worked = self._worked + 1 if works else 0
        self._failed = 0 if works else self._failed + 1
        if self._worked >= self._settings.patience:
            self.weight *= self._settings.raise_by
            self._worked = 0
        elif self._failed >= self._settings.patience:
            self.weight /= self._settings.lower_by
            self._failed = 0
