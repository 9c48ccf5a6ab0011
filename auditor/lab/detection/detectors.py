"""The detectors that there are; this table is the only registry."""

from __future__ import annotations

import difflib
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from auditor import __version__
from auditor.errors import UsageError
from auditor.lab.detection.detector import Detector
from auditor.lab.detection.judging import (
    HEAD_WEIGHT,
    MM_BD,
    NEURAL_CLEANSE,
    by_head_weight,
    by_mm_bd,
    by_neural_cleanse,
    judging,
    training_split,
)
from auditor.lab.detection.margins import SPREADS, by_margins, margins_depend_on
from auditor.lab.detection.scanner import (
    checkpoint_only,
    scan_depends_on,
    scanning,
    with_base,
    with_base_and_clean_data,
    with_patterns,
)
from auditor.probes.reach import Search

# A variant of the scanner is a row with settings of its own: scanning(...).
DETECTORS: Mapping[str, Detector] = {
    "scanner": Detector(
        detect=scanning(checkpoint_only),
        settings=scan_depends_on,
        needs="the checkpoint",
        rule="a finding at the false-positive rate asked for",
    ),
    "scanner+base": Detector(
        detect=scanning(with_base),
        settings=scan_depends_on,
        needs="the checkpoint, its base",
        rule="a finding at the false-positive rate asked for",
    ),
    "scanner+base+data": Detector(
        detect=scanning(with_base_and_clean_data),
        settings=scan_depends_on,
        needs="the checkpoint, its base, 40 clean pictures a class",
        rule="a finding at the false-positive rate asked for",
    ),
    "scanner+patterns": Detector(
        detect=scanning(with_patterns),
        settings=scan_depends_on,
        needs="the checkpoint; `--patterns`",
        rule="a finding at the false-positive rate asked for",
    ),
    "max-margin": Detector(
        detect=judging(by_margins(Search.HEAD)),
        settings=margins_depend_on,
        needs="the weights of the last layer",
        rule=f"a class {SPREADS:g} spreads above the others",
    ),
    "inner-embedding": Detector(
        detect=judging(by_margins(Search.INNER)),
        settings=margins_depend_on,
        needs="the checkpoint, gradients",
        rule=f"a class {SPREADS:g} spreads above the others",
    ),
    "mm-bd": Detector(
        detect=judging(by_mm_bd),
        settings=lambda context: {"fpr": context.fpr, "seed": context.seed, **asdict(MM_BD)},
        needs="the checkpoint, gradients",
        rule=f"p < {MM_BD.customary}",
    ),
    "neural-cleanse": Detector(
        detect=judging(by_neural_cleanse),
        settings=lambda context: {
            "seed": context.seed,
            "clean_per_class": context.clean_per_class,
            **asdict(NEURAL_CLEANSE),
        },
        needs="the checkpoint, gradients, clean pictures",
        rule=f"anomaly index > {NEURAL_CLEANSE.customary:g}",
        prepare=lambda model: training_split(model.task),
    ),
    "head-weight": Detector(
        detect=judging(by_head_weight),
        settings=lambda context: {"fpr": context.fpr, **asdict(HEAD_WEIGHT)},
        needs="the weights of the last layer",
        rule=f"p < {HEAD_WEIGHT.customary}",
    ),
}


def choose_detectors(names: Sequence[str]) -> tuple[str, ...]:
    """The detectors asked for, each once, in the table's order; all where none is named.

    Raises:
        UsageError: There is no such detector; the nearest is suggested.
    """
    for name in names:
        if name not in DETECTORS:
            near = difflib.get_close_matches(name, DETECTORS, n=1)
            meant = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"no such detector: {name}", hint=f"{meant}There are: {', '.join(DETECTORS)}."
            )
    return tuple(name for name in DETECTORS if name in names or not names)


def settings_digest(name: str, settings: Mapping[str, Any], weights: str) -> str:
    """Digest of everything that a row depends on besides the code of one version.

    Args:
        name: The detector.
        settings: What its `settings` gives.
        weights: SHA-256 of the model's weights.
    """
    said = {
        "detector": name,
        "settings": dict(settings),
        "auditor": __version__,
        "weights": weights,
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]
