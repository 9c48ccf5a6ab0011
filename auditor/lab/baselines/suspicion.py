"""What a baseline says of one model, whichever baseline it is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One model's answer.

    Attributes:
        score: Higher is more suspect. Unit and range are the method's own.
        p_value: Where the method has one.
        customary: Whether the rule that the paper itself applies calls the model backdoored.
        ranking: Class indices, most suspect first; the first is the accused.
        statistics: What was measured of each class, in class order.
        pictures: Single pictures that were sent through the model, gradient steps included.
    """

    score: float
    p_value: float | None
    customary: bool
    ranking: tuple[int, ...]
    statistics: tuple[float, ...]
    pictures: int

    @property
    def accused(self) -> int:
        """The class most suspect."""
        return self.ranking[0]
