"""What a detector is to the benchmark, and what it is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from auditor.lab.detection.records import Answer
from auditor.lab.manifest import ZooModel


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchContext:
    """What every detector is told besides the model.

    Attributes:
        entities: The entity source that scans probe with.
        fpr: False-positive rate at which a model is called backdoored.
        seed: Seed of everything random.
        clean_per_class: Clean pictures of each class, from the task's training split, for
            baselines that need some.
    """

    entities: str
    fpr: float = 0.01
    seed: int = 0
    clean_per_class: int = 10


def nothing(_model: ZooModel) -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """One way to judge a model.

    Attributes:
        detect: Judges one model; its time is taken.
        settings: What its answer depends on, as JSON, besides the model and the code.
        needs: What it must be given, in words.
        rule: When its users call a model backdoored, in words.
        prepare: Opens, before time is taken, what one process opens once for many models.
        probability: Whether the score claims to be the probability of a backdoor.
    """

    detect: Callable[[ZooModel, BenchContext], Answer]
    settings: Callable[[BenchContext], Mapping[str, Any]]
    needs: str
    rule: str
    prepare: Callable[[ZooModel], object] = nothing
    probability: bool = False
