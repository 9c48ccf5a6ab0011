"""The probes that show a finding best."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from auditor.probes.run import Probed, Slot
from auditor.types import Entity, Example

MOST_OF_A_PAIR = 5


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
    """For every entity and predicted class its surest probes, each of another instance.

    The surest of every pair come first, then the second of every pair, and so on: whoever takes
    some from the front sees as many entities as there are, and then more of each.
    """
    answers = probed.predictions
    predicted = answers.probabilities.argmax(axis=1)
    sure = answers.probabilities[np.arange(len(predicted)), predicted]
    shown: dict[tuple[int, int], set[int]] = defaultdict(set)
    turns: list[list[Example]] = [[] for _ in range(MOST_OF_A_PAIR)]
    for row in np.argsort(-sure, kind="stable"):
        of_pair = shown[int(answers.entity[row]), int(predicted[row])]
        if len(of_pair) == MOST_OF_A_PAIR or int(answers.instance[row]) in of_pair:
            continue
        of_pair.add(int(answers.instance[row]))
        slot = Slot(int(answers.entity[row]), int(answers.instance[row]))
        turns[len(of_pair) - 1].append(
            Example(
                entity_id=entities[slot.entity].id,
                instance=probed.instance_names[slot],
                view=views[int(answers.view[row])],
                predicted_index=int(predicted[row]),
                probability=float(sure[row]),
            )
        )
    return tuple(itertools.chain.from_iterable(turns))
