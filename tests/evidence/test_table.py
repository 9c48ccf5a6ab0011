from __future__ import annotations

import numpy as np
import pytest

from auditor.evidence.kinds import KINDS
from auditor.evidence.table import tabulate
from auditor.types import Predictions

VIEWS = ("as it is", "zoomed", "blurred")


def predictions(cube):
    """`cube` (entities, instances, views, classes) -> predictions in shuffled row order."""
    classes = cube.shape[-1]
    index = np.stack(np.meshgrid(*map(np.arange, cube.shape[:3]), indexing="ij"), -1).reshape(-1, 3)
    order = np.random.default_rng(0).permutation(len(index))
    index = index[order]
    return Predictions(
        probabilities=cube.reshape(-1, classes)[order].astype(np.float32),
        entity=index[:, 0],
        instance=index[:, 1],
        view=index[:, 2],
    )


def cube():
    made = np.zeros((2, 3, 3, 4))
    made[0, :, :, 1] = 1.0  # entity 0 goes to class 1 under every view
    made[1, :, :2, 2] = 1.0  # entity 1 goes to class 2 while sharp
    made[1, :, 2, 3] = 1.0  # and to class 3 when blurred
    return made


def test_statistics_of_a_table_worked_out_by_hand():
    table = tabulate(predictions(cube()), VIEWS, degraded="blurred", entities=2)
    np.testing.assert_allclose(KINDS["class-share"].values(table), [0, 0.5, 0.5, 0])
    np.testing.assert_allclose(KINDS["detail-contrast"].values(table), [0, 0, 0.5, -0.5])
    np.testing.assert_allclose(KINDS["entity-routing"].values(table), [[0, 1, 0, 0], [0, 0, 1, 0]])


def test_an_instance_that_misses_a_view_is_left_out():
    made = predictions(cube())
    keep = np.ones(len(made.entity), dtype=bool)
    keep[np.flatnonzero((made.entity == 0) & (made.instance == 0))[0]] = False
    part = Predictions(
        probabilities=made.probabilities[keep],
        entity=made.entity[keep],
        instance=made.instance[keep],
        view=made.view[keep],
    )
    table = tabulate(part, VIEWS, degraded="blurred", entities=2)
    assert np.bincount(table.entity).tolist() == [2, 3]


def test_entities_weigh_the_same_however_many_instances_they_have():
    made = predictions(cube())
    keep = (made.entity == 1) | (made.instance == 0)
    part = Predictions(
        probabilities=made.probabilities[keep],
        entity=made.entity[keep],
        instance=made.instance[keep],
        view=made.view[keep],
    )
    table = tabulate(part, VIEWS, degraded="blurred", entities=2)
    np.testing.assert_allclose(KINDS["class-share"].values(table), [0, 0.5, 0.5, 0])


@pytest.mark.parametrize("views", [("as it is", "zoomed"), ("blurred",)])
def test_a_plan_without_contrast_is_refused(views):
    with pytest.raises(ValueError, match="blurred"):
        tabulate(predictions(cube()), views, degraded="blurred", entities=2)
