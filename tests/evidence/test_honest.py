from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.evidence.honest import ladder, with_honest_answers
from auditor.probes.run import Probed, Slot
from auditor.references.build import BASE_FEATURES, OWN_FEATURES, Judge, Reference, References
from auditor.types import Entity, Example, Finding, InstanceSource, Predictions
from tests.reports_for_tests import DOGS_FINDING

VIEWS = ("as it is", "blurred")
ENTITIES = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH) for i in range(2)
)
# Each reference answers with the features that it reads.
REFERENCES = References(
    {Reference.BASE: Judge(True, lambda x: x), Reference.OWN: Judge(False, lambda x: x)}
)


def probed(*rows: tuple[int, int, int, list[float]]) -> Probed:
    """From (entity, instance, view, probabilities); own features lean to class 0, less by row."""
    entity, instance, view, probabilities = zip(*rows, strict=True)
    own = [[0.9 - 0.1 * i, 0.1 + 0.1 * i] for i in range(len(rows))]
    return Probed(
        predictions=Predictions(
            probabilities=np.array(probabilities, np.float32),
            entity=np.array(entity),
            instance=np.array(instance),
            view=np.array(view),
        ),
        instance_names={Slot(e, i): f"{i}.png" for e, i, *_ in rows},
        unreadable=(),
        seconds_model=0.0,
        complete=True,
        features={
            OWN_FEATURES: np.array(own, np.float32),
            BASE_FEATURES: np.array([[0.2, 0.8]] * len(rows), np.float32),
        },
    )


PROBED = probed(
    (0, 0, 0, [0.9, 0.1]), (0, 0, 1, [0.3, 0.7]), (0, 1, 0, [0.7, 0.3]), (1, 0, 0, [0.2, 0.8])
)


def finding(*entities: Entity, examples: tuple[Example, ...] = ()) -> Finding:
    return replace(DOGS_FINDING, entities=entities, target_index=0, examples=examples)


def test_a_rung_is_the_mean_over_the_probes_of_the_entities_named_under_one_view():
    intact, blurred = ladder(finding(ENTITIES[0]), PROBED, ENTITIES, VIEWS, References())
    assert (intact.view, intact.observations) == ("as it is", 2)
    assert intact.probability == pytest.approx(0.8)
    assert (blurred.view, blurred.observations) == ("blurred", 1)
    assert blurred.probability == pytest.approx(0.3)
    assert intact.references == blurred.references == {}


def test_a_view_that_nobody_was_shown_under_is_no_rung():
    (intact,) = ladder(finding(ENTITIES[1]), PROBED, ENTITIES, VIEWS, References())
    assert (intact.view, intact.observations) == ("as it is", 1)
    assert ladder(finding(), PROBED, ENTITIES, VIEWS, References()) == ()


def test_references_read_the_features_that_they_are_made_for():
    intact, _ = ladder(finding(ENTITIES[0]), PROBED, ENTITIES, VIEWS, REFERENCES)
    # Rows 0 and 2 of the own features: 0.9 and 0.7.
    assert intact.references == pytest.approx({"base": 0.2, "own": 0.8})


def test_every_example_is_told_what_honest_heads_say_of_its_own_probe():
    example = Example(
        entity_id="e0", instance="1.png", view="as it is", predicted_index=0, probability=0.7
    )
    (told,) = with_honest_answers(
        [finding(ENTITIES[0], examples=(example,))], PROBED, ENTITIES, VIEWS, REFERENCES
    )
    base, own = told.examples[0].references
    assert (base.reference, base.predicted_index) == ("base", 1)
    assert base.probability == pytest.approx(0.8)
    assert base.target_probability == pytest.approx(0.2)
    assert (own.reference, own.predicted_index) == ("own", 0)
    assert own.target_probability == pytest.approx(0.7)
    assert len(told.ladder) == 2
