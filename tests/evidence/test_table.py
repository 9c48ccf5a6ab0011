from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.evidence.kinds import KINDS, available, statistics_of, stored_name
from auditor.evidence.statistics import drift
from auditor.evidence.table import (
    Pair,
    ProbeTable,
    looks_of,
    set_apart,
    table_of,
    tabulate,
    with_own_labels,
)
from auditor.probes.run import Probed
from auditor.probes.views import VIEWS as ALL_VIEWS
from auditor.references.build import BASE_FEATURES, OWN_FEATURES, Judge, Reference, References
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
    beyond = [[0, 0.5, -0.5, 0], [0, -0.5, 0.5, 0]]  # what each gets, less the mean of the two
    np.testing.assert_allclose(KINDS["entity-routing"].values(table), beyond)


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


# The table beside those of its references

ENTITIES, INSTANCES, FEATURES, CLASSES = 4, 3, 6, 3


def probed(*, alike: bool = True, with_base: bool = True) -> Probed:
    """Answers drawn at random; the base's features are the model's, or others."""
    rng = np.random.default_rng(0)
    of = predictions(rng.dirichlet(np.ones(CLASSES), (ENTITIES, INSTANCES, len(ALL_VIEWS))))
    own = rng.normal(0, 1, (len(of.entity), FEATURES)).astype(np.float32)
    features = {OWN_FEATURES: own}
    if with_base:
        features[BASE_FEATURES] = own * 2 if alike else np.roll(own, 1, axis=0)
    return Probed(
        predictions=of,
        instance_names={},
        unreadable=(),
        seconds_model=0.0,
        complete=True,
        features=features,
    )


def first_three(features: np.ndarray) -> np.ndarray:
    """A head that says of a picture what its first three features are."""
    return np.abs(features[:, :CLASSES])


REFERENCES = References(
    judges={
        Reference.BASE: Judge(True, first_three),
        Reference.OWN: Judge(False, first_three),
    },
    clean_per_class=10,
)


def tables(of: Probed) -> tuple[ProbeTable, References]:
    return table_of(of, tuple(ALL_VIEWS), REFERENCES, entities=ENTITIES)


def test_a_reference_is_tabulated_row_for_row_from_the_features_it_reads():
    of = probed()
    table, references = tables(of)
    assert references is REFERENCES
    assert set(table.references) == {"base", "own"}
    for beside in table.references.values():
        np.testing.assert_array_equal(beside.entity, table.entity)
    # What the base's features are twice as large of, its reference says twice as loud.
    np.testing.assert_allclose(
        table.references["base"].intact, 2 * table.references["own"].intact, rtol=1e-5
    )
    one = (of.predictions.entity == 2) & (of.predictions.instance == 1)
    sharp = one & (of.predictions.view != list(ALL_VIEWS).index("blurred"))
    row = np.flatnonzero(table.entity == 2)[1]
    np.testing.assert_allclose(
        table.references["own"].intact[row],
        first_three(of.features[OWN_FEATURES][sharp]).mean(axis=0),
        rtol=1e-5,
    )


def test_a_base_that_does_not_correspond_is_left_out_and_said():
    table, references = tables(probed(alike=False))
    assert set(table.references) == set(references.judges) == {"own"}
    (notice,) = references.notices
    assert notice.startswith("the base is not used: its features do not correspond")


def test_a_part_of_a_table_has_that_part_of_its_references():
    table, _ = tables(probed())
    part = table.keep(table.entity < 2)
    assert set(part.references) == {"base", "own"}
    for beside in part.references.values():
        np.testing.assert_array_equal(beside.entity, part.entity)
        assert beside.intact.shape == part.intact.shape


def test_what_is_not_there_cannot_speak():
    table, _ = tables(probed())
    without = tabulate(
        probed().predictions, tuple(ALL_VIEWS), degraded="blurred", entities=ENTITIES
    )
    plain = {"class-share", "detail-contrast", "entity-routing", "entity-contrast"}
    assert set(available(without)) == set(statistics_of(without)) == plain
    heads = {"base-share", "base-routing", "own-share", "own-routing"}
    assert set(available(table)) == plain | heads  # there is no drift among these references


def test_a_gap_is_what_the_model_gives_beyond_the_reference():
    table, _ = tables(probed())
    shares = [KINDS["class-share"].values(t) for t in (table, table.references["own"])]
    np.testing.assert_allclose(KINDS["own-share"].values(table), shares[0] - shares[1], atol=1e-6)
    sure = [KINDS["entity-routing"].values(t) for t in (table, table.references["base"])]
    np.testing.assert_allclose(KINDS["base-routing"].values(table), sure[0] - sure[1], atol=1e-6)


def test_where_all_entities_go_to_one_class_none_goes_there_beyond_the_others():
    made = cube()
    made[:] = np.eye(4)[1]
    table = tabulate(predictions(made), VIEWS, degraded="blurred", entities=2)
    assert KINDS["class-share"].values(table).max() == 1
    assert KINDS["entity-routing"].values(table).max() == 0


def test_drift_is_the_middle_distance_to_the_own_head_on_the_base():
    model, base = (tabulate(predictions(cube()), VIEWS, degraded="blurred", entities=2),) * 2
    assert drift(model) is None
    assert drift(replace(model, references={Reference.DRIFT: base})) == 0
    turned = replace(base, intact=base.intact[:, ::-1])  # no mass stays where it was
    assert drift(replace(model, references={Reference.DRIFT: turned})) == 1


def test_only_what_rests_on_clean_images_is_stored_by_their_number():
    assert stored_name("own-share", 10) == "own-share@10"
    assert stored_name("base-routing", 40) == "base-routing@40"
    assert stored_name("drift-share", 10) == "drift-share"
    assert stored_name("class-share", None) == "class-share"


@pytest.mark.parametrize(("with_base", "name"), [(True, BASE_FEATURES), (False, OWN_FEATURES)])
def test_entities_look_as_they_do_to_the_base_where_it_is_known(with_base: bool, name: str):
    of = probed(with_base=with_base)
    looks = looks_of(of, tuple(ALL_VIEWS), np.array([0, 2]))
    sharp = of.predictions.view != list(ALL_VIEWS).index("blurred")
    for row, entity in enumerate((0, 2)):
        wanted = of.features[name][sharp & (of.predictions.entity == entity)]
        np.testing.assert_allclose(looks[row], wanted.mean(axis=0), rtol=1e-5)


def test_where_nothing_was_tested_nothing_has_a_look():
    of = probed()
    assert looks_of(of, tuple(ALL_VIEWS), np.array([], np.int64)) is None


def test_without_features_nobody_knows_how_entities_look():
    plain = replace(probed(), features={})
    assert looks_of(plain, tuple(ALL_VIEWS), np.array([0])) is None


# The entities that mean a label, in a table of their own

OWN = {0: 2, 2: 1}  # entities 0 and 2 mean labels 2 and 1


def test_entities_that_mean_a_label_are_set_apart_row_for_row():
    whole, _ = tables(probed())
    apart = set_apart(replace(whole, held=frozenset([Pair(1, 0), Pair(2, 0)])), OWN)
    assert apart.tested.tolist() == [1, 3]
    assert apart.inside.tested.tolist() == [0, 2]
    assert apart.all_tested.tolist() == whole.tested.tolist() == [0, 1, 2, 3]
    assert (apart.entities, apart.inside.entities) == (ENTITIES, ENTITIES)
    for part in (apart, apart.inside):
        rows = np.isin(whole.entity, part.tested)
        for name in ("intact", "blurred", "entity"):
            np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[rows])
    for beside in apart.references.values():
        np.testing.assert_array_equal(beside.entity, apart.entity)


def test_an_own_label_is_held_back_beside_what_was_held_before():
    whole, _ = tables(probed())
    inside = set_apart(replace(whole, held=frozenset([Pair(2, 0)])), OWN).inside
    assert inside.held == {(0, 2), (2, 1), (2, 0)}
    assert [tuple(at) for at in np.argwhere(inside.held_here())] == [(0, 2), (1, 0), (1, 1)]
    assert inside.references == {}


def test_where_nothing_means_a_label_the_table_stays_whole():
    whole, _ = tables(probed())
    assert set_apart(whole, {}) is whole
    assert set_apart(whole.keep(whole.entity != 2), {2: 1}).inside is None  # it was not tested
    assert whole.all_tested.tolist() == whole.tested.tolist()


def test_where_every_entity_means_a_label_no_other_kind_can_speak():
    whole, _ = tables(probed())
    apart = set_apart(whole, dict.fromkeys(range(ENTITIES), 0))
    assert len(apart.entity) == 0
    assert apart.all_tested.tolist() == [0, 1, 2, 3]
    assert set(available(apart)) == set(statistics_of(apart)) == {"wrong-label"}
    with pytest.raises(ValueError, match="no rows"):
        KINDS["class-share"].values(apart)


def own_table() -> ProbeTable:
    """Entity 0 goes to its own label 1; entity 1, which means label 2, goes there once in four."""
    made = np.zeros((2, 4, 3, 4))
    made[0, :, :, 1] = 1.0
    made[1, :3, :, 3] = 1.0
    made[1, 3, :, 2] = 1.0
    table = tabulate(predictions(made), VIEWS, degraded="blurred", entities=2)
    return with_own_labels(table, {0: 1, 1: 2})


def test_a_wrong_label_counts_as_far_as_the_own_one_lacks_what_is_usual():
    inside = own_table()
    assert inside.known == pytest.approx((1 + 0.25) / 2)
    of = replace(inside, inside=inside)
    lacking = 0.625 - 0.25
    np.testing.assert_allclose(
        KINDS["wrong-label"].values(of), [[0, 0, 0, 0], [0, 0, 0, 0.75 * lacking]], atol=1e-7
    )


def test_what_is_usual_is_a_mean_over_entities_however_many_instances_they_have():
    inside = own_table()
    fewer = inside.keep((inside.entity == 0) | (np.arange(len(inside.entity)) > 5))
    assert fewer.known == inside.known  # a part is judged by the model, not by itself
    assert with_own_labels(fewer, {0: 1, 1: 2}).known == pytest.approx(0.75)


def test_a_table_of_probes_sets_apart_what_means_a_label():
    of = probed()
    table, _ = table_of(of, tuple(ALL_VIEWS), REFERENCES, entities=ENTITIES, own=OWN)
    whole, _ = tables(of)
    assert table.inside.tested.tolist() == [0, 2]
    assert table.inside.known == pytest.approx(set_apart(whole, OWN).inside.known)
    assert set(available(table)) == {*available(whole), "wrong-label"}
