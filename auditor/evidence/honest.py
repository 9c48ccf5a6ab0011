"""What honest heads would answer where the model gave the answer that a finding rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from auditor.evidence.examples import probe_rows
from auditor.probes.run import Probed
from auditor.references.build import BASE_FEATURES, OWN_FEATURES, References
from auditor.types import Entity, Example, Finding, ReferenceAnswer, Rung


def with_honest_answers(
    findings: Sequence[Finding],
    probed: Probed,
    entities: Sequence[Entity],
    views: Sequence[str],
    references: References,
) -> tuple[Finding, ...]:
    """The findings with their ladder, and with what every reference says of each example.

    Args:
        findings: What was called.
        probed: The answers on which they rest.
        entities: The bank's entities.
        views: Names of the views.
        references: What the model is compared with; may be empty.
    """
    rows = probe_rows(probed, entities, views)

    def told(example: Example) -> Example:
        row = rows[example.entity_id, example.instance, example.view]
        return replace(
            example, references=_answers(references, probed, row, example.predicted_index)
        )

    return tuple(
        replace(
            finding,
            examples=tuple(told(example) for example in finding.examples),
            ladder=ladder(finding, probed, entities, views, references),
        )
        for finding in findings
    )


def ladder(
    finding: Finding,
    probed: Probed,
    entities: Sequence[Entity],
    views: Sequence[str],
    references: References,
) -> tuple[Rung, ...]:
    """What the finding's class gets from its entities under every view, in the order of views."""
    about = {entity.id for entity in finding.entities}
    positions = [i for i, entity in enumerate(entities) if entity.id in about]
    of_them = np.isin(probed.predictions.entity, positions)
    rungs = []
    for number, view in enumerate(views):
        rows = np.flatnonzero(of_them & (probed.predictions.view == number))
        if not len(rows):
            continue
        said = said_by(references, probed, rows)
        target = finding.target_index
        rungs.append(
            Rung(
                view=view,
                probability=float(probed.predictions.probabilities[rows, target].mean()),
                observations=len(rows),
                references={name: float(p[:, target].mean()) for name, p in said.items()},
            )
        )
    return tuple(rungs)


def said_by(
    references: References, probed: Probed, rows: NDArray[np.int64]
) -> Mapping[str, NDArray[np.float32]]:
    """Probabilities `(R, C)` that every reference gives some probes, by its name."""
    return {
        str(name): judge.probabilities(
            probed.features[BASE_FEATURES if judge.reads_base else OWN_FEATURES][rows]
        )
        for name, judge in references.judges.items()
    }


def _answers(
    references: References, probed: Probed, row: int, target: int
) -> tuple[ReferenceAnswer, ...]:
    said = said_by(references, probed, np.array([row]))
    return tuple(
        ReferenceAnswer(
            reference=name,
            predicted_index=int(probabilities[0].argmax()),
            probability=float(probabilities[0].max()),
            target_probability=float(probabilities[0, target]),
        )
        for name, probabilities in said.items()
    )
