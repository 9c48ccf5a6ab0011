"""How much of a scan is the model's own work: the scan's pace beside a bare forward loop."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import numpy as np

from auditor.audit import Stopwatch, audit
from auditor.checkpoints.resolve import resolve
from auditor.config import ScanSettings
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.lab.training import Progress, silent
from auditor.models.classifier import Classifier, Pixels
from auditor.models.load import Engine, load_classifier
from auditor.probes.plan import Plan
from auditor.rules import shipped_rules

ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Throughput:
    """Both loops ran over the same batches in the same process, in turns; medians."""

    probes: int
    scan_seconds: float
    bare_seconds: float
    seconds_in_model: float

    @property
    def scan_images_per_second(self) -> float:
        """Pace of the scan after loading: decode, perturb, forward, evidence, judge, report."""
        return self.probes / self.scan_seconds

    @property
    def bare_images_per_second(self) -> float:
        """Pace of nothing but forward passes."""
        return self.probes / self.bare_seconds

    @property
    def ratio(self) -> float:
        """The scan's pace as a share of the bare one."""
        return self.scan_images_per_second / self.bare_images_per_second

    @property
    def share_in_model(self) -> float:
        """Share of the scan's time spent inside the model."""
        return self.seconds_in_model / self.scan_seconds


@dataclass(slots=True, eq=False)
class Recording:
    """A classifier that keeps the batches it was shown."""

    inner: Classifier
    batches: list[Pixels]

    @property
    def labels(self) -> tuple[str, ...]:
        """As the inner classifier's."""
        return self.inner.labels

    @property
    def engine(self) -> str:
        """As the inner classifier's."""
        return self.inner.engine

    @property
    def device(self) -> str:
        """As the inner classifier's."""
        return self.inner.device

    def pixels(self, images: object) -> Pixels:
        """As the inner classifier's."""
        return self.inner.pixels(images)  # type: ignore[arg-type]

    def logits(self, pixels: Pixels) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
        """As the inner classifier's, and remember the batch."""
        self.batches.append(pixels)
        return self.inner.logits(pixels)


def measure_throughput(model: str, entities: str, *, progress: Progress = silent) -> Throughput:
    """Scan once to warm up and record the batches, then scan and bare loop in turns.

    The median of each over `ROUNDS` turns counts: a busy machine disturbs single ones.
    """
    checkpoint = resolve(model)
    classifier = load_classifier(checkpoint, engine=Engine.AUTO, device="auto")
    bank = open_entities(DatasetSpec(source=entities), seed=0)
    settings = ScanSettings(model=model, entities=entities, plan=Plan.EXHAUSTIVE, resume=False)
    rules = shipped_rules()
    recording = Recording(classifier, [])
    audit(checkpoint, recording, bank, rules, settings, Stopwatch.start(), progress=progress)
    scans, bares, insides = [], [], []
    probes = 0
    for _ in range(ROUNDS):
        started = time.perf_counter()
        report = audit(checkpoint, classifier, bank, rules, settings, Stopwatch.start())
        scans.append(time.perf_counter() - started)
        insides.append(report.cost.seconds_model)
        probes = report.cost.probes
        started = time.perf_counter()
        for batch in recording.batches:
            classifier.logits(batch)
        bares.append(time.perf_counter() - started)
    return Throughput(
        probes=probes,
        scan_seconds=median(scans),
        bare_seconds=median(bares),
        seconds_in_model=median(insides),
    )
