"""What membership attacks look at: one number a picture, higher for likelier members.

Pure functions of logits `(N, C)` and labels `(N,)`, computed in float64: pictures that a model
has learnt by heart differ in digits that float32 does not hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float64]
Labels = NDArray[np.int64]
_SMALLEST = 1e-30  # probability below which a logarithm is cut off


def loss_signal(logits: Logits, labels: Labels) -> NDArray[np.float64]:
    """Log-probability of the true label, which is the loss with its sign turned (Yeom et al.)."""
    return _log_softmax(logits)[np.arange(len(labels)), labels]


def modified_entropy_signal(logits: Logits, labels: Labels) -> NDArray[np.float64]:
    """Modified prediction entropy with its sign turned (Song & Mittal, USENIX Security 2021).

    Entropy alone calls a model sure that is sure of the wrong label; this one does not:
    `-(1 - p_y) log p_y - sum over i != y of p_i log(1 - p_i)`.
    """
    rows = np.arange(len(labels))
    own = _log_softmax(logits)[rows, labels]
    shares = np.exp(_log_softmax(logits))
    others = 1.0 - shares
    surprise = -shares * np.log(np.maximum(others, _SMALLEST))
    surprise[rows, labels] = 0.0
    result: NDArray[np.float64] = -(-others[rows, labels] * own + surprise.sum(axis=1))
    return result


def scaled_confidence(logits: Logits, labels: Labels) -> NDArray[np.float64]:
    """`log(p_y / (1 - p_y))`, nearly normal over models (Carlini et al., S&P 2022)."""
    rows = np.arange(len(labels))
    rest = logits.copy()
    rest[rows, labels] = -np.inf
    highest = rest.max(axis=1)
    log_rest = highest + np.log(np.exp(rest - highest[:, None]).sum(axis=1))
    result: NDArray[np.float64] = logits[rows, labels] - log_rest
    return result


def offline_lira_signal(
    observed: NDArray[np.float64], shadows: NDArray[np.float64], unseen: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """How far a model's confidence lies above that of models that never saw the picture.

    The offline likelihood-ratio attack with one variance for all pictures, as its authors advise
    for few shadow models: the attack's probability is the normal distribution function of this
    value, and orders pictures in the same way.

    Args:
        observed: Scaled confidence of the model, `(N,)`.
        shadows: Of K shadow models, `(K, N)`.
        unseen: Whether a shadow model did not see a picture, `(K, N)`.

    Raises:
        ValueError: A picture was seen by all shadow models.
    """
    counts = unseen.sum(axis=0)
    if (counts == 0).any():
        raise ValueError("a picture was seen by every shadow model")
    centre = np.where(unseen, shadows, 0.0).sum(axis=0) / counts
    spread = float((shadows - centre)[unseen].std())
    result: NDArray[np.float64] = (observed - centre) / max(spread, 1e-12)
    return result


def _log_softmax(logits: Logits) -> Logits:
    shifted = logits - logits.max(axis=1, keepdims=True)
    result: Logits = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    return result
