"""The probes that show a finding best."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.probes.run import Probed, Slot
from auditor.types import Entity, Example


def probe_rows(
    probed: Probed, entities: Sequence[Entity], views: Sequence[str]
) -> dict[tuple[str, str, str], int]:
    """Which row an example shows, by what a reader looks it up with; of two alike the first."""
    answers = probed.predictions
    rows: dict[tuple[str, str, str], int] = {}
    asked = zip(answers.entity, answers.instance, answers.view, strict=True)
    for row, (entity, instance, view) in enumerate(asked):
        name = probed.instance_names[Slot(int(entity), int(instance))]
        rows.setdefault((entities[entity].id, name, views[view]), row)
    return rows


def telling_examples(
    probed: Probed, entities: Sequence[Entity], views: Sequence[str]
) -> tuple[Example, ...]:
    """For every entity and predicted class the surest probe, surest first."""
    answers = probed.predictions
    predicted = answers.probabilities.argmax(axis=1)
    sure = answers.probabilities[np.arange(len(predicted)), predicted]
    seen: set[tuple[int, int]] = set()
    examples = []
    for row in np.argsort(-sure, kind="stable"):
        key = (int(answers.entity[row]), int(predicted[row]))
        if key in seen:
            continue
        seen.add(key)
        slot = Slot(int(answers.entity[row]), int(answers.instance[row]))
        examples.append(
            Example(
                entity_id=entities[slot.entity].id,
                instance=probed.instance_names[slot],
                view=views[int(answers.view[row])],
                predicted_index=int(predicted[row]),
                probability=float(sure[row]),
            )
        )
    return tuple(examples)
