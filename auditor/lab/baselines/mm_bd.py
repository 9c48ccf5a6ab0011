"""MM-BD: one class can be driven to a far larger margin than all others. Needs no data.

Source: Wang, Xiang, Miller and Kesidis, MM-BD: Post-Training Detection of Backdoor Attacks with
Arbitrary Backdoor Pattern Types Using a Maximum Margin Statistic (IEEE S&P 2024, arXiv
2205.06900). For every class the logit margin over the strongest other class is maximised from
random pictures within the pixel range. A Gamma distribution is fitted to all but the largest of
these maxima; the p-value is that of the largest of K draws from it.

That p-value is too small by construction, because the fit leaves out the very value it judges: of
the largest of 14 draws from a true Gamma distribution it says 0.05 or less in about a fifth of
cases, of 6 draws in a third. It is kept as published.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.lab.baselines.suspicion import Suspicion
from auditor.models.classifier import two_pictures
from auditor.models.torch_image import TorchImageClassifier

FEWEST_CLASSES = 4  # a Gamma distribution has two parameters; below this there is nothing to fit
LEAST_MARGIN = 1e-6  # a Gamma distribution lives above zero
LEAST_P = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True)
class MmBdSettings:
    """How hard the margin is maximised.

    The paper's code takes 30 starts and at most 300 plain gradient steps of 0.01 with momentum
    0.2, and stops when the loss no longer changes. Here there are fewer starts and steps, and
    each step is scaled by the picture's own mean absolute gradient and shrinks to nothing, so
    that models whose logits differ in scale get equally far. `step` is the mean change of a pixel
    in the first step, as a share of the pixel range. `customary` is the paper's threshold.
    """

    starts: int = 4
    steps: int = 60
    step: float = 0.04
    batch: int = 64
    customary: float = 0.05


def mm_bd(
    classifier: TorchImageClassifier, settings: MmBdSettings, rng: np.random.Generator
) -> Suspicion:
    """Score a model; `score` is minus the decimal logarithm of the p-value."""
    margins = maximum_margins(classifier, settings, rng)
    p_value = p_value_of_largest(margins)
    return Suspicion(
        score=0.0 if p_value is None else -float(np.log10(max(p_value, LEAST_P))),
        p_value=p_value,
        customary=p_value is not None and p_value < settings.customary,
        ranking=tuple(np.argsort(-margins, kind="stable").tolist()),
        statistics=tuple(margins.tolist()),
        pictures=len(margins) * settings.starts * (settings.steps + 1),
    )


def maximum_margins(
    classifier: TorchImageClassifier, settings: MmBdSettings, rng: np.random.Generator
) -> NDArray[np.float64]:
    """The largest margin reached for every class, `(C,)`."""
    classes = len(classifier.labels)
    _, channels, height, width = classifier.pixels(two_pictures()).shape
    targets = np.repeat(np.arange(classes), settings.starts)
    reached = []
    for i in range(0, len(targets), settings.batch):
        some = targets[i : i + settings.batch]
        starts = rng.random((len(some), channels, height, width), dtype=np.float32)
        reached.append(_climbed(classifier, starts, some, settings))
    best: NDArray[np.float64] = np.concatenate(reached).reshape(classes, -1).max(axis=1)
    return best


def _climbed(
    classifier: TorchImageClassifier,
    starts: NDArray[np.float32],
    targets: NDArray[np.int64],
    settings: MmBdSettings,
) -> NDArray[np.float64]:
    """Margins `(N,)` after climbing from pictures `(N, 3, H, W)` in 0..1; each climbs alone."""
    import torch

    wanted = torch.from_numpy(targets).to(classifier.device)
    x = torch.from_numpy(starts).to(classifier.device)

    def margins(pictures: torch.Tensor) -> torch.Tensor:
        logits = classifier.forward(pictures * 255)
        own = logits.gather(1, wanted[:, None])[:, 0]
        others = logits.scatter(1, wanted[:, None], -torch.inf)
        return own - others.max(dim=1).values

    for done in range(settings.steps):
        x.requires_grad_(True)
        (slope,) = torch.autograd.grad(margins(x).sum(), x)
        size = settings.step * (1 - done / settings.steps)
        scale = slope.abs().mean(dim=(1, 2, 3), keepdim=True).clamp_min(1e-12)
        x = (x.detach() + size * slope / scale).clamp(0, 1)
    with torch.inference_mode():
        reached: NDArray[np.float64] = margins(x).cpu().numpy().astype(np.float64)
    return reached


def p_value_of_largest(margins: NDArray[np.float64]) -> float | None:
    """How rarely the largest of as many Gamma draws is as large; None for too few classes.

    The Gamma distribution is fitted by maximum likelihood with its origin at zero: with the
    origin free, as few values as there are classes do not determine it.
    """
    from scipy.stats import gamma

    classes = len(margins)
    if classes < FEWEST_CLASSES:
        return None
    ascending = np.maximum(np.sort(margins), LEAST_MARGIN)
    others, largest = ascending[:-1], ascending[-1]
    if np.ptp(others) < 1e-9 * others.max():  # no spread: maximum likelihood does not exist
        return 1.0 if largest <= others.max() * (1 + 1e-9) else 0.0
    shape, _, scale = gamma.fit(others, floc=0)
    beyond = float(gamma.sf(largest, shape, scale=scale))
    return float(-np.expm1(classes * np.log1p(-min(beyond, 1 - 1e-16))))
