from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from auditor.evidence.gather import gather
from auditor.evidence.kinds import KINDS, available, sharpest, statistics_of, stored_name
from auditor.evidence.null import (
    Size,
    StoredNull,
    adjusted_p,
    baseline,
    calibration,
    read_null,
    standing,
    write_null,
)
from auditor.evidence.scale import Scale, from_log_odds, log_odds, traits
from tests.tables import ALL, BANK, CLASSES, CLEAN, ENTITIES, INSTANCES, LABELS, null, table


def stored_names(of):
    """What a scan of this table searches, and how nulls call it."""
    return {kind: stored_name(kind, CLEAN) for kind in sharpest(available(of))}


SMALL = Size(classes=10, entities=10, instances=1)


def made_null(models, seed=0, classes=None):
    """Two statistics, log-normal, on a grid of two sizes each way."""
    rng = np.random.default_rng(seed)
    return StoredNull(
        name="made",
        entity_grid=(10, 100),
        instance_grid=(1, 5),
        classes=np.full(models, 10) if classes is None else classes,
        architectures=("Made",) * models,
        statistics={
            "a": np.exp(rng.normal(-1, 0.5, (models, 2, 2))),
            "b": np.exp(rng.normal(-2, 0.5, (models, 2, 2))),
        },
        made={},
    )


def smallest_p(of, against):
    """The p-value of the search: of the largest value of each kind, the smallest."""
    whole = Size(classes=CLASSES, entities=ENTITIES, instances=INSTANCES)
    found = {k: v for k, v in statistics_of(of).items() if k in against.statistics}
    return min(adjusted_p(against, kind, np.array([v]), whole)[0] for kind, v in found.items())


def test_the_p_value_of_a_model_is_the_smallest_of_the_search():
    of = table(50_000, references=ALL)
    gathered = gather(
        of,
        null(references=ALL),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=CLEAN,
    )
    assert gathered.model_p_value == smallest_p(of, null(references=ALL).of(stored_names(of)))


# With references the largest gap in routing takes few values in these tables, so that a level
# below the first of their p-values would be trivial.
@pytest.mark.parametrize(
    ("references", "inside", "level", "models"),
    [((), 0, 0.05, 400), (ALL, 0, 0.15, 200), ((), 6, 0.05, 400)],
)
def test_p_values_of_benign_models_are_no_smaller_than_they_claim(
    references, inside, level, models
):
    """Over many benign models the smallest p of the search is at most x with frequency x."""
    against = null(references=references, inside=inside).of(
        stored_names(table(0, references=references, inside=inside))
    )
    hits = sum(
        smallest_p(table(50_000 + m, references=references, inside=inside), against) <= level
        for m in range(models)
    )
    # The null itself is a sample of 199, hence the room of 3.3 sigma.
    spread = np.sqrt(level * (1 - level) * (1 / models + 1 / 199))
    assert 0 < hits / models <= level + 3.3 * spread


def test_the_smallest_p_value_is_one_in_models_plus_one():
    assert adjusted_p(made_null(99), "a", np.array([1e9]), SMALL) == pytest.approx([1 / 100])


def test_an_ordinary_value_is_not_rare():
    assert adjusted_p(made_null(99), "a", np.array([np.exp(-1)]), SMALL)[0] > 0.4


def test_the_search_over_statistics_costs():
    """The same value is less rare when another statistic was searched too."""
    both = made_null(999)
    alone = dataclasses.replace(both, statistics={"a": both.statistics["a"]})
    value = np.array([0.9])
    assert adjusted_p(both, "a", value, SMALL)[0] > adjusted_p(alone, "a", value, SMALL)[0]


def test_a_bank_between_grid_points_gets_the_less_favourable_neighbour():
    plain = made_null(99)
    larger = plain.statistics["a"].copy()
    larger[:, 1, :] *= 8  # benign models show far more with large banks
    made = dataclasses.replace(plain, statistics=plain.statistics | {"a": larger})
    value = np.array([2.0])
    between = dataclasses.replace(SMALL, entities=50)
    assert adjusted_p(made, "a", value, between)[0] > adjusted_p(made, "a", value, SMALL)[0]


def test_a_value_is_compared_with_benign_models_of_as_many_classes():
    """Where benign values fall with the number of classes, the same value is rarer among many."""
    classes = np.resize([5, 10, 20, 40], 400)
    falling = made_null(400, classes=classes)
    values = falling.statistics["a"] * (10 / classes)[:, None, None]
    made = dataclasses.replace(falling, statistics=falling.statistics | {"a": values})
    value = np.array([1.2])
    few, many = (dataclasses.replace(SMALL, classes=c) for c in (5, 40))
    assert adjusted_p(made, "a", value, few)[0] > 10 * adjusted_p(made, "a", value, many)[0]
    assert baseline(made, "a", few) > 3 * baseline(made, "a", many)


def test_the_scale_is_not_moved_by_one_odd_model():
    values = np.exp(np.random.default_rng(0).normal(0, 1, (101, 1)))
    alike = traits(np.full(101, 10))
    odd = values.copy()
    odd[0] = 1e6
    for_both = [Scale.fit(v, alike).apply(np.array([[5.0]]), alike[:1]) for v in (values, odd)]
    assert for_both[0] == pytest.approx(for_both[1], rel=0.1)


def drifting(models=200, seed=0):
    """A null whose statistics grow with how far a model was tuned; of half of it that is known."""
    rng = np.random.default_rng(seed)
    drift = rng.uniform(0, 0.5, models)
    made = made_null(models)
    shares = from_log_odds(6 * drift - 3 + rng.normal(0, 0.3, models))
    values = np.broadcast_to(shares[:, None, None], (models, 2, 2))
    known = np.where(np.arange(models) % 2, drift, np.nan)
    return dataclasses.replace(made, statistics={"a": values}, drift=known)


def test_what_a_long_training_moves_is_ordinary_after_a_long_training():
    made, value = drifting(), np.array([0.4])
    little, far = (dataclasses.replace(SMALL, drift=d) for d in (0.05, 0.45))
    p_little, p_far = (adjusted_p(made.beside(s), "a", value, s)[0] for s in (little, far))
    assert p_little == 1 / 101  # of the hundred models whose drift is known
    assert p_far > 0.3
    assert baseline(made.beside(far), "a", far) > 3 * baseline(made.beside(little), "a", little)


def test_how_far_a_model_was_tuned_counts_only_where_it_is_known_of_enough():
    made, said = drifting(), dataclasses.replace(SMALL, drift=0.3)
    assert made.beside(said).models == 100
    assert made.beside(SMALL).models == 200  # nothing is known of the model at hand
    assert drifting(100).beside(said).models == 100  # of fifty alone, which would be too few
    for few in (made.beside(SMALL), drifting(100).beside(said)):
        assert few.drift is None
    with pytest.raises(ValueError, match="beside"):
        adjusted_p(made.beside(said), "a", np.array([0.5]), SMALL)


def test_the_trend_goes_no_further_than_the_benign_models():
    made = drifting().beside(dataclasses.replace(SMALL, drift=0.3))
    values = made.statistics["a"][:, 0]
    scale = Scale.fit(values, made.traits())
    most = made.drift.max()
    at = [scale.trend(traits(np.array([10]), np.array([d]))) for d in (most, 2 * most)]
    np.testing.assert_allclose(*at)


def test_log_odds_and_back():
    shares = np.array([0.0, 0.01, 0.5, 0.99, 1.0])
    np.testing.assert_allclose(from_log_odds(log_odds(shares)), shares, atol=1e-12)


def test_how_far_models_were_tuned_is_stored_with_the_null(tmp_path):
    made = drifting(6)
    write_null(made, tmp_path / "made.json")
    np.testing.assert_allclose(read_null(tmp_path / "made.json").drift, made.drift, atol=1e-4)
    write_null(made_null(6), tmp_path / "made.json")
    assert np.isnan(read_null(tmp_path / "made.json").drift).all()


def test_a_model_is_ranked_among_its_own_kind_where_there_are_enough_of_it():
    mixed = dataclasses.replace(made_null(250), architectures=("A",) * 150 + ("B",) * 100)
    assert mixed.alike("A").models == 150
    np.testing.assert_array_equal(mixed.alike("B").statistics["a"], mixed.statistics["a"][150:])
    assert "B" in mixed.alike("B").name
    assert mixed.alike("C") is mixed
    few = dataclasses.replace(made_null(250), architectures=("A",) * 200 + ("B",) * 50)
    assert few.alike("B") is few


def unmeasured(models, lacking):
    """A null in which `lacking` models have no value of the statistic "b"."""
    made = made_null(models)
    some = made.statistics["b"].copy()
    some[:lacking] = np.nan
    return dataclasses.replace(made, statistics=made.statistics | {"b": some})


NAMES = {"mine": "a", "yours": "b"}


def test_the_null_of_some_kinds_has_the_models_that_were_measured_with_all_of_them():
    part = unmeasured(150, 50).of(NAMES)
    assert part.models == len(part.architectures) == 100
    assert list(part.statistics) == ["mine", "yours"]
    np.testing.assert_array_equal(part.statistics["mine"], made_null(150).statistics["a"][50:])
    assert np.isfinite(part.statistics["yours"]).all()


@pytest.mark.parametrize(("models", "lacking"), [(150, 52), (150, 150), (20, 1)])
def test_a_kind_that_few_models_were_measured_with_is_left_out(models: int, lacking: int):
    """With it no p-value could be small enough: more material would prevent a verdict."""
    part = unmeasured(models, lacking).of(NAMES)
    assert list(part.statistics) == ["mine"]
    assert part.models == models


def test_a_kind_that_is_not_stored_is_left_out():
    part = made_null(20).of({"mine": "a", "new": "never measured"})
    assert list(part.statistics) == ["mine"]
    assert part.models == 20


def test_what_was_not_measured_survives_the_disk(tmp_path):
    write_null(unmeasured(20, 5), tmp_path / "made.json")
    back = read_null(tmp_path / "made.json").statistics["b"]
    assert np.isnan(back[:5]).all()
    assert np.isfinite(back[5:]).all()


@pytest.mark.parametrize(("count", "kinds"), [(40, {"own-share", "base-share"}), (10, set())])
def test_evidence_is_compared_with_references_of_as_many_clean_images(count, kinds):
    stored = null(references=ALL)
    renamed = {name.replace(f"@{CLEAN}", "@40"): v for name, v in stored.statistics.items()}
    gathered = gather(
        table(1, references=ALL),
        dataclasses.replace(stored, statistics=renamed),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=count,
    )
    said = {e.kind for e in gathered.evidence}
    assert said & {"own-share", "base-share"} == kinds
    assert "drift-share" in said  # which rests on no clean image


def test_a_null_survives_the_disk(tmp_path):
    write_null(made_null(20), tmp_path / "made.json")
    back = read_null(tmp_path / "made.json")
    assert back.name == "made"
    assert back.models == 20
    np.testing.assert_allclose(back.statistics["b"], made_null(20).statistics["b"], atol=1e-4)


def test_a_null_whose_numbers_do_not_fit_its_grid_is_refused(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(
        '{"made": {}, "entity_grid": [1, 2], "instance_grid": [1], "classes": [3],'
        ' "architectures": ["Made"],'
        ' "statistics": {"a": [[[0]]]}}'
    )
    with pytest.raises(ValueError, match="no stored null"):
        read_null(path)


def test_without_a_null_nothing_has_a_p_value_and_every_rule_says_so():
    of = table(1, references=ALL, inside=6)
    gathered = gather(of, None, entities=BANK, labels=LABELS, rng=np.random.default_rng(0))
    assert gathered.model_p_value is None
    assert gathered.model_statistic is None
    assert {e.kind for e in gathered.evidence} == {
        n for n, kind in KINDS.items() if kind.search is None and kind.perturbed is None
    }
    assert all(e.p_value is None and e.why_undecided for e in gathered.evidence)
    assert gathered.ranking


def test_a_bank_smaller_than_any_in_the_null_is_not_compared():
    gathered = gather(
        table(1, entities=6), null(), entities=BANK, labels=LABELS, rng=np.random.default_rng(0)
    )
    assert gathered.model_p_value is None
    assert {e.why_undecided for e in gathered.evidence} == {
        "6 entities were tested where the null needs at least 10"
    }


def test_entities_that_mean_a_label_are_not_compared_where_no_benign_model_was_asked():
    """Beside others the kind is silent; by themselves they leave the scan undecided."""
    ask = {"entities": BANK, "labels": LABELS, "rng": np.random.default_rng(0)}
    beside = gather(table(1, inside=6), null(), **ask)
    assert "wrong-label" not in {e.kind for e in beside.evidence}
    assert beside.model_p_value is not None
    alone = gather(table(1, entities=6, inside=6), null(), **ask)
    assert (alone.model_p_value, alone.model_statistic) == (None, None)
    assert {(e.kind, e.why_undecided) for e in alone.evidence} == {
        ("wrong-label", "too few benign models were measured with this evidence")
    }


def test_without_a_null_entities_that_all_mean_a_label_say_so():
    of = table(1, entities=6, inside=6)
    gathered = gather(of, None, entities=BANK, labels=LABELS, rng=np.random.default_rng(0))
    assert {e.why_undecided for e in gathered.evidence} == {
        "no stored null for this source of instances"
    }


@pytest.mark.parametrize("size", [SMALL, Size(classes=10, entities=40, instances=3)])
def test_the_rank_in_a_calibration_is_the_p_value(size):
    null = made_null(120)
    for values in ({"a": 0.9, "b": 0.05}, {"a": 0.3, "b": 0.6}, {"a": 0.2, "b": 0.1}):
        found = calibration(null, values, size)
        assert found.null == "made"
        assert list(found.benign) == sorted(found.benign)
        assert len(found.benign) == 120
        largest = max(found.standings, key=found.standings.__getitem__)
        reached = sum(value >= found.standings[largest] for value in found.benign)
        (p_value,) = adjusted_p(null, largest, np.array([values[largest]]), size)
        assert (1 + reached) / 121 == pytest.approx(p_value)


def test_a_calibration_stands_where_evidence_stands():
    null = made_null(120)
    found = calibration(null, {"a": 0.9, "b": 0.05}, SMALL)
    for name, value in (("a", 0.9), ("b", 0.05)):
        (expected,) = standing(null, name, np.array([value]), SMALL)
        assert found.standings[name] == pytest.approx(expected)
