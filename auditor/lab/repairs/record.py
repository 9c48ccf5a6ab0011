"""What one method did to one victim, as the benchmark keeps it: a line of `repair.jsonl`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """One repair. Shares are in [0, 1].

    Attributes:
        victim: Id of the model in its zoo.
        attack: Its attack.
        setting: Base, task and way of fine-tuning, as the zoo calls it.
        kind: Group of the victim in the zoo.
        pattern: Whether the trigger is a pattern, which no scan names and nothing watches.
        method: How it was repaired; `from-scratch` for fresh
            weights trained on the same data for as many steps.
        seed: Draws the clean data, and decides what is random in the method.
        per_class: Clean images a class.
        steps: Steps that the method was given.
        batch: Images a step.
        accuracy_before: On images that judge, and that neither tuned nor chose.
        accuracy: The same after.
        success_before: Attack success on pictures that no method saw.
        success: The same after.
        natural: Mean success in clean fine-tunes of the same setting.
        test_images: How many judge accuracy.
        trigger_images: How many judge success.
        taken: Steps taken.
        kept: The step whose weights were kept.
        peak: Learning rate of the first peak, where there is one.
        cpu_seconds: Of the method, on one thread.
        failed: Why there is no result; None where there is one.
    """

    victim: str
    attack: str
    setting: str
    kind: str
    pattern: bool
    method: str
    seed: int
    per_class: int
    steps: int
    batch: int
    accuracy_before: float
    accuracy: float
    success_before: float
    success: float
    natural: float
    test_images: int
    trigger_images: int
    taken: int
    kept: int
    peak: float | None
    cpu_seconds: float
    failed: str | None = None

    @property
    def key(self) -> tuple[str, str, int, int, int, int]:
        """What tells it from every other repair."""
        return (self.victim, self.method, self.seed, self.per_class, self.steps, self.batch)
