"""Which moment of a tuning is kept: the most accurate one among those that are repaired.

The pictures that a mapping is watched by are few, so one of them more or less must not outweigh
accuracy: among moments that are not repaired, and among those that are, what is left of the
mappings counts point by point against accuracy.
"""

from __future__ import annotations

import numpy as np

from auditor.errors import NotAudited
from auditor.repair.answers import accuracy_of, classes_of
from auditor.repair.outcome import ALLOWED
from auditor.repair.record import Moment
from auditor.repair.shelf import bring_back, put_away
from auditor.repair.task import RepairTask

RECOVERED = 0.02  # of accuracy that may be missing for it to count as won back
NO_MOMENT = (-1.0, 0.0)
Standing = tuple[float, float]


class Best:
    """Looks at a model while it is tuned, and keeps the weights of its best moment on disk."""

    def __init__(self, task: RepairTask, *, kept_from: int = 0) -> None:
        """Nothing is kept yet, and nothing will be from before the step `kept_from`."""
        self._task, self._standing, self._kept_from = task, NO_MOMENT, kept_from
        self._path = task.shelf / "best.safetensors"
        self.history: list[Moment] = []
        self.step = 0

    @property
    def has_recovered(self) -> bool:
        """Whether some moment was repaired and about as accurate as the model was before."""
        return self._standing[0] == 1.0

    def look(self, step: int, rate: float, loss: float) -> None:
        """Measure the model as it is after `step` steps; keep it if none was better."""
        module = self._task.model.module
        was_training = module.training
        module.eval()
        try:
            accuracy = accuracy_of(self._task.model, self._task.choice)
            success = tuple(
                float((classes_of(self._task.model, each.pixels) == each.target).mean())
                for each in self._task.watched
            )
        finally:
            module.train(was_training)
        self.history.append(Moment(step, rate, loss, accuracy, success))
        standing = self._standing_of(accuracy, success)
        if step >= self._kept_from and np.isfinite(loss) and standing >= self._standing:
            put_away(module, self._path)
            self._standing, self.step = standing, step

    def restore(self) -> None:
        """Give the model the weights that were kept.

        Raises:
            NotAudited: None were.
        """
        if self._standing == NO_MOMENT:
            raise NotAudited(
                "tuning diverged: the loss became infinite before anything could be kept",
                hint="Lower the learning rate (--lr-max1), or let the range test choose it.",
            )
        bring_back(self._task.model.module, self._path)

    def _standing_of(self, accuracy: float, success: tuple[float, ...]) -> Standing:
        """Whether it is repaired (1 or 0); accuracy less what is left beyond the natural rate."""
        watched = self._task.watched
        beyond = [share - each.accepted for share, each in zip(success, watched, strict=True)]
        left = max((max(share + ALLOWED, 0.0) for share in beyond), default=0.0)
        gone = all(share <= 0 for share in beyond)
        repaired = gone and accuracy >= self._task.accuracy - RECOVERED
        return float(repaired), accuracy - left
