"""The scanner's evidence on margins as detectors of their own: one search, and nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditor.errors import UnsupportedModel
from auditor.evidence.margins import HALF, stands_out
from auditor.lab.baselines.suspicion import Suspicion
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.judging import Judge
from auditor.lab.manifest import ZooModel
from auditor.models.torch_image import TorchImageClassifier
from auditor.probes.plan import Depth
from auditor.probes.reach import (
    FEWEST_CLASSES,
    PICTURES,
    STARTS,
    STEP,
    STEPS,
    Search,
    drive_classes,
)

SPREADS = HALF  # above the other classes, beyond which a model is called
CUSTOMARY = 0.5


def by_margins(search: Search) -> Judge:
    """How far the class that stands out most can be driven, by one search."""
    depth = Depth.QUICK if search is Search.HEAD else Depth.DEEP

    def judge(
        classifier: TorchImageClassifier,
        _model: ZooModel,
        _context: BenchContext,
        rng: np.random.Generator,
    ) -> Suspicion:
        reach = drive_classes(classifier, depth, rng)
        if search in reach.missing and len(classifier.labels) >= FEWEST_CLASSES:
            raise UnsupportedModel(reach.missing[search], hint="Leave this detector out.")
        margins = reach.margins.get(search, np.ones((1, len(classifier.labels)))).mean(axis=0)
        values = stands_out(margins)
        return Suspicion(
            score=float(values.max()),
            p_value=None,
            customary=bool(values.max() > CUSTOMARY),
            ranking=tuple(np.argsort(-margins, kind="stable").tolist()),
            statistics=tuple(values.tolist()),
            pictures=reach.pictures,
        )

    return judge


def margins_depend_on(context: BenchContext) -> dict[str, Any]:
    """What the answer depends on besides the model."""
    return {
        "seed": context.seed,
        "pictures": PICTURES,
        "starts": STARTS,
        "steps": STEPS,
        "step": STEP,
        "customary": CUSTOMARY,
    }
