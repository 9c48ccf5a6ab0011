from __future__ import annotations

import numpy as np
import pytest

from auditor.evidence.gather import KINDS, gather
from auditor.evidence.null import StoredNull, adjusted_p, read_null, standardise, write_null
from tests.tables import BANK, LABELS, null, table


def gaussian_null(models, seed=0):
    rng = np.random.default_rng(seed)
    return StoredNull(
        name="gaussian",
        entity_grid=(10, 100),
        instance_grid=(1, 5),
        statistics={
            "a": rng.normal(0, 1, (models, 2, 2)),
            "b": rng.normal(5, 3, (models, 2, 2)),
        },
        made={},
    )


def test_p_values_of_benign_models_are_no_smaller_than_they_claim():
    """Over many benign models the smallest p of the search is at most x with frequency x."""
    hits = 0
    models = 400
    for m in range(models):
        gathered = gather(
            table(50_000 + m), null(), entities=BANK, labels=LABELS, rng=np.random.default_rng(0)
        )
        hits += gathered.model_p_value <= 0.05
    # 400 draws at 0.05: the null itself is a sample of 199, hence the room of 3.3 sigma.
    assert hits / models <= 0.05 + 3.3 * np.sqrt(0.05 * 0.95 / models + 0.05 * 0.95 / 199)
    assert hits > 0


def test_the_smallest_p_value_is_one_in_models_plus_one():
    p = adjusted_p(gaussian_null(99), "a", np.array([1e9]), entities=10, instances=1)
    assert p == pytest.approx([1 / 100])


def test_an_ordinary_value_is_not_rare():
    p = adjusted_p(gaussian_null(99), "a", np.array([0.0]), entities=10, instances=1)
    assert p[0] > 0.4


def test_the_search_over_statistics_costs():
    """The same value is less rare when another statistic was searched too."""
    both = gaussian_null(999)
    alone = StoredNull(
        name="alone",
        entity_grid=both.entity_grid,
        instance_grid=both.instance_grid,
        statistics={"a": both.statistics["a"]},
        made={},
    )
    value = np.array([2.0])
    assert (
        adjusted_p(both, "a", value, entities=10, instances=1)
        > adjusted_p(alone, "a", value, entities=10, instances=1)
    ).all()


def test_a_bank_between_grid_points_gets_the_less_favourable_neighbour():
    low = gaussian_null(99)
    shifted = dict(low.statistics)
    shifted["a"] = low.statistics["a"].copy()
    shifted["a"][:, 1, :] += 10  # benign models show far more with large banks
    made = StoredNull(
        name="shifted",
        entity_grid=low.entity_grid,
        instance_grid=low.instance_grid,
        statistics=shifted,
        made={},
    )
    value = np.array([4.0])
    at_small = adjusted_p(made, "a", value, entities=10, instances=1)
    between = adjusted_p(made, "a", value, entities=50, instances=1)
    assert between[0] > at_small[0]


def test_standardising_is_not_moved_by_one_odd_model():
    values = np.random.default_rng(0).normal(0, 1, (101, 1))
    odd = values.copy()
    odd[0] = 1e6
    assert standardise(np.array([[3.0]]), odd) == pytest.approx(
        standardise(np.array([[3.0]]), values), rel=0.1
    )


def test_a_null_survives_the_disk(tmp_path):
    write_null(gaussian_null(20), tmp_path / "gaussian.json")
    back = read_null(tmp_path / "gaussian.json")
    assert back.name == "gaussian"
    assert back.models == 20
    np.testing.assert_allclose(back.statistics["b"], gaussian_null(20).statistics["b"], atol=1e-4)


def test_a_null_whose_numbers_do_not_fit_its_grid_is_refused(tmp_path):
    path = tmp_path / "broken.json"
    path.write_text(
        '{"made": {}, "entity_grid": [1, 2], "instance_grid": [1], "statistics": {"a": [[[0]]]}}'
    )
    with pytest.raises(ValueError, match="no stored null"):
        read_null(path)


def test_without_a_null_nothing_has_a_p_value_and_every_rule_says_so():
    gathered = gather(
        table(1), None, entities=BANK, labels=LABELS, rng=np.random.default_rng(0)
    )
    assert gathered.model_p_value is None
    assert gathered.model_statistic is None
    assert {e.kind for e in gathered.evidence} == set(KINDS)
    assert all(e.p_value is None and e.why_undecided for e in gathered.evidence)
    assert gathered.ranking
