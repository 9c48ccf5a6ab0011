"""The clean images that the model sees much as a telling probe: what it may have taken it for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.examples import probe_rows
from auditor.probes.run import Probed
from auditor.references.build import OWN_FEATURES, CleanFeatures
from auditor.types import Entity, Example, Finding, Neighbour

NEAREST = 3


def with_neighbours(
    findings: Sequence[Finding],
    probed: Probed,
    entities: Sequence[Entity],
    views: Sequence[str],
    clean: CleanFeatures | None,
) -> tuple[Finding, ...]:
    """The findings with the nearest clean images beside every example.

    Args:
        findings: What was called.
        probed: The answers from which the examples come, with the model's own features.
        entities: The bank's entities.
        views: Names of the views.
        clean: The model's features of clean data; None where there are none.
    """
    if clean is None or OWN_FEATURES not in probed.features:
        return tuple(findings)
    rows = probe_rows(probed, entities, views)

    def told(example: Example) -> Example:
        row = rows[example.entity_id, example.instance, example.view]
        return replace(example, neighbours=nearest(probed.features[OWN_FEATURES][row], clean))

    return tuple(
        replace(finding, examples=tuple(told(example) for example in finding.examples))
        for finding in findings
    )


def nearest(features: NDArray[np.float32], clean: CleanFeatures) -> tuple[Neighbour, ...]:
    """The clean images nearest to features `(D,)` by cosine similarity, nearest first."""
    theirs, own = clean.features.astype(np.float64), features.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):  # a broken model has features that are none
        length = np.linalg.norm(theirs, axis=1) * np.linalg.norm(own)
        alike = (theirs @ own) / np.maximum(length, 1e-12)
    order = [i for i in np.argsort(-alike, kind="stable") if np.isfinite(alike[i])]
    return tuple(
        Neighbour(
            instance=clean.names[i],
            label_index=int(clean.labels[i]),
            similarity=float(np.clip(alike[i], -1, 1)),
        )
        for i in order[:NEAREST]
    )
