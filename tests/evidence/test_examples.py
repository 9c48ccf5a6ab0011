from __future__ import annotations

import numpy as np

from auditor.evidence.examples import telling_examples
from auditor.probes.run import Probed, Slot
from auditor.types import Entity, InstanceSource, Predictions

VIEWS = ("as it is", "blurred")
ENTITIES = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH) for i in range(2)
)


def probed(*rows: tuple[int, int, int, list[float]]) -> Probed:
    """From (entity, instance, view, probabilities)."""
    entity, instance, view, probabilities = zip(*rows, strict=True)
    return Probed(
        predictions=Predictions(
            probabilities=np.array(probabilities, np.float32),
            entity=np.array(entity),
            instance=np.array(instance),
            view=np.array(view),
        ),
        instance_names={Slot(e, i): f"e{e}/{i}.png" for e, i, *_ in rows},
        unreadable=(),
        seconds_model=0.0,
        complete=True,
    )


def examples(*rows: tuple[int, int, int, list[float]]):
    return telling_examples(probed(*rows), ENTITIES, VIEWS)


def test_the_surest_probe_of_an_entity_and_a_class_comes_first():
    found = examples((0, 0, 0, [0.6, 0.4]), (0, 1, 1, [0.9, 0.1]), (0, 2, 0, [0.7, 0.3]))
    example = found[0]
    assert (example.entity_id, example.instance, example.view) == ("e0", "e0/1.png", "blurred")
    assert example.predicted_index == 0
    assert example.probability == np.float32(0.9)
    assert [e.instance for e in found] == ["e0/1.png", "e0/2.png", "e0/0.png"]


def test_an_instance_is_shown_once_in_its_surest_view():
    found = examples((0, 0, 0, [0.6, 0.4]), (0, 0, 1, [0.9, 0.1]))
    assert [(e.instance, e.view) for e in found] == [("e0/0.png", "blurred")]


def test_a_pair_has_at_most_five_examples_and_other_pairs_come_before_its_second():
    many = [(0, i, 0, [0.9 + i / 100, 0.1 - i / 100]) for i in range(8)]
    found = examples(*many, (1, 0, 0, [0.6, 0.4]))
    assert [e.entity_id for e in found] == ["e0", "e1", "e0", "e0", "e0", "e0"]
    assert found[2].instance == "e0/6.png"


def test_every_class_that_an_entity_goes_to_has_one_and_the_surest_comes_first():
    found = examples(
        (0, 0, 0, [0.6, 0.4]),
        (0, 1, 0, [0.2, 0.8]),
        (1, 0, 0, [0.3, 0.7]),
        (1, 1, 0, [0.01, 0.99]),
    )
    pairs = [("e1", 1), ("e0", 1), ("e0", 0), ("e1", 1)]
    assert [(e.entity_id, e.predicted_index) for e in found] == pairs


def test_of_two_as_sure_the_one_asked_first_is_shown():
    first, second = (0, 3, 0, [0.5, 0.25, 0.25]), (0, 1, 0, [0.5, 0.25, 0.25])
    assert examples(first, second)[0].instance == "e0/3.png"
    assert examples(second, first)[0].instance == "e0/1.png"
