from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.evidence.neighbours import nearest, with_neighbours
from auditor.probes.run import Probed, Slot
from auditor.references.build import BASE_FEATURES, OWN_FEATURES, CleanFeatures
from auditor.types import Entity, Example, InstanceSource, Predictions
from tests.reports_for_tests import DOGS_FINDING, LOLLY_FINDING

VIEWS = ("as it is", "blurred")
ENTITIES = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH) for i in range(2)
)
CLEAN = CleanFeatures(
    features=np.array([[1, 0], [0, 2], [3, 3], [-1, 0], [5, 0.5]], np.float32),
    labels=np.array([4, 1, 0, 2, 3]),
    names=("right", "up", "middle", "left", "far right"),
)


def names(features: list[float], clean: CleanFeatures = CLEAN) -> list[str]:
    return [n.instance for n in nearest(np.array(features, np.float32), clean)]


def test_direction_counts_and_length_does_not():
    assert names([1, 0]) == names([90, 0]) == ["right", "far right", "middle"]
    assert names([0, 0.1]) == ["up", "middle", "far right"]


def test_a_neighbour_has_its_own_label_and_the_cosine():
    first, second, third = nearest(np.array([0, 7], np.float32), CLEAN)
    assert (first.instance, first.label_index) == ("up", 1)
    assert (second.instance, second.label_index) == ("middle", 0)
    assert [first.similarity, second.similarity] == pytest.approx([1, 2**-0.5])
    assert third.label_index == 3
    assert first.similarity <= 1


def test_of_two_as_near_the_first_is_named_first():
    twins = replace(CLEAN, features=np.ones((5, 2), np.float32))
    assert names([1, 0], twins) == ["right", "up", "middle"]


def test_there_may_be_fewer_than_three():
    two = CleanFeatures(CLEAN.features[:2], CLEAN.labels[:2], CLEAN.names[:2])
    assert names([1, 0], two) == ["right", "up"]


def test_features_that_are_none_are_near_to_nothing():
    assert names([np.nan, 0]) == []
    broken = replace(CLEAN, features=np.array([[np.inf, 0], *[[0, 1]] * 4], np.float32))
    assert "right" not in names([0, 1], broken)
    dead = nearest(np.zeros(2, np.float32), CLEAN)
    assert [n.similarity for n in dead] == [0, 0, 0]


def probed(*rows: tuple[int, int, int, list[float]]) -> Probed:
    """From (entity, instance, view, features)."""
    entity, instance, view, features = zip(*rows, strict=True)
    return Probed(
        predictions=Predictions(
            probabilities=np.ones((len(rows), 1), np.float32),
            entity=np.array(entity),
            instance=np.array(instance),
            view=np.array(view),
        ),
        instance_names={Slot(e, i): f"{i}.png" for e, i, *_ in rows},
        unreadable=(),
        seconds_model=0.0,
        complete=True,
        features={
            OWN_FEATURES: np.array(features, np.float32),
            BASE_FEATURES: np.zeros((len(rows), 2), np.float32),
        },
    )


PROBED = probed(
    (0, 0, 0, [1, 0]), (0, 0, 1, [-1, 0]), (1, 0, 0, [0, 1]), (0, 1, 0, [1, 1]), (1, 0, 1, [9, 9])
)


def example(entity: str, instance: str, view: str) -> Example:
    return Example(
        entity_id=entity, instance=instance, view=view, predicted_index=0, probability=0.9
    )


def test_every_example_gets_the_neighbours_of_its_own_probe():
    shown = (
        example("e0", "0.png", "blurred"),
        example("e1", "0.png", "as it is"),
        example("e0", "1.png", "as it is"),
    )
    findings = (replace(DOGS_FINDING, examples=shown), replace(LOLLY_FINDING, examples=shown[:1]))
    told = with_neighbours(findings, PROBED, ENTITIES, VIEWS, CLEAN)
    found = [[e.neighbours[0].instance for e in finding.examples] for finding in told]
    assert found == [["left", "up", "middle"], ["left"]]
    assert {len(e.neighbours) for finding in told for e in finding.examples} == {3}
    bare = [replace(f, examples=tuple(replace(e, neighbours=()) for e in f.examples)) for f in told]
    assert tuple(bare) == findings


@pytest.mark.parametrize(("clean", "of"), [(None, PROBED), (CLEAN, replace(PROBED, features={}))])
def test_without_clean_data_or_features_nothing_is_added(clean: CleanFeatures | None, of: Probed):
    findings = (replace(DOGS_FINDING, examples=(example("e0", "0.png", "blurred"),)),)
    assert with_neighbours(findings, of, ENTITIES, VIEWS, clean) == findings
