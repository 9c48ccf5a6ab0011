"""What every measure works with: the models, and pictures at their size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from auditor.models.classifier import Classifier, Pixels, softmax
from auditor.models.torch_image import TorchImageClassifier

BATCH = 128
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Pictures at the models' size: `pixels` `(N, 3, H, W)` uint8, `labels` `(N,)`."""

    pixels: Pixels
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        """Number of pictures."""
        return len(self.labels)

    def rows(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Labelled:
        """Some of the pictures."""
        return Labelled(self.pixels[which], self.labels[which])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trigger:
    """What sets a backdoor off, as pictures; labels are those that the attacker wants.

    Attributes:
        poisons: To train with.
        tests: Others, to measure with: what is answered as wanted is a success.
    """

    poisons: Labelled
    tests: Labelled


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Models:
    """The model before and after a repair, and one that was never poisoned, if there is one.

    Attributes:
        before: The model that was repaired.
        after: The repaired one.
        reference: One that was never poisoned.
        shared: Where several repairs of one model are measured with equal material and budget:
            what was measured of all but the repaired models, so that it is measured once.
    """

    before: Classifier
    after: Classifier
    reference: Classifier | None = None
    shared: dict[tuple[str, str], Any] | None = None

    def once(self, who: str, what: str, measure: Callable[[], T]) -> T:
        """What `measure` says of a model; of another than "after" it is asked once."""
        if self.shared is None or who == "after":
            return measure()
        if (who, what) not in self.shared:
            self.shared[who, what] = measure()
        found: T = self.shared[who, what]
        return found

    def named(self) -> dict[str, Classifier]:
        """All that there are."""
        named = {"before": self.before, "after": self.after}
        return named if self.reference is None else {**named, "reference": self.reference}

    def with_gradients(self) -> dict[str, TorchImageClassifier] | str:
        """The models as ones that can be tuned and attacked; or why the two cannot be.

        A reference without gradients is left out.
        """
        found = {}
        for name, model in self.named().items():
            if isinstance(model, TorchImageClassifier):
                found[name] = model
            elif name != "reference":
                return f"it needs gradients, and {name.upper()} runs on {model.engine}"
        return found


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Material:
    """Pictures to measure with.

    Attributes:
        tune: Clean pictures that neither model has seen, to tune copies with.
        tests: More such pictures, to measure with.
        members: Pictures that a model was trained on, by what they were used for.
        planted: The trigger that the model before answers to, if it is known.
        base: The public checkpoint of both models, if it is at hand.
    """

    tune: Labelled
    tests: Labelled
    members: Mapping[str, Labelled] = field(default_factory=dict)
    planted: Trigger | None = None
    base: TorchImageClassifier | None = None

    @property
    def clean(self) -> Labelled:
        """All clean pictures that neither model has seen."""
        return Labelled(
            np.concatenate([self.tune.pixels, self.tests.pixels]),
            np.concatenate([self.tune.labels, self.tests.labels]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What may be spent.

    Attributes:
        seed: Of everything random.
        repeats: Times that each tuning is done, with other seeds.
        shadows: Models that are trained to tell what members are unlike; 0 for none.
        attack_images: Pictures that are attacked, at most.
    """

    seed: int = 0
    repeats: int = 3
    shadows: int = 8
    attack_images: int = 128


def logits_of(model: Classifier, pixels: Pixels) -> NDArray[np.float64]:
    """Logits `(N, C)` of any number of pictures, in batches."""
    parts = [model.logits(pixels[i : i + BATCH]) for i in range(0, len(pixels), BATCH)]
    return np.concatenate(parts).astype(np.float64)


def predicted(model: Classifier, pixels: Pixels) -> NDArray[np.int64]:
    """Predicted class `(N,)`."""
    result: NDArray[np.int64] = logits_of(model, pixels).argmax(axis=1)
    return result


def hits(model: Classifier, pictures: Labelled) -> NDArray[np.float64]:
    """1 where the model gives a picture its label, else 0: `(N,)`."""
    right: NDArray[np.float64] = predicted(model, pictures.pixels) == pictures.labels
    return right.astype(np.float64)


def probabilities(model: Classifier, pixels: Pixels) -> NDArray[np.float32]:
    """Probabilities `(N, C)`."""
    return softmax(logits_of(model, pixels).astype(np.float32))
