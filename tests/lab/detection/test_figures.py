from __future__ import annotations

import json

import pytest

from auditor.lab.detection.figures import (
    ALL,
    ANY_ENTITY,
    ANY_PATTERN,
    Resampling,
    counts_of,
    figures_of,
)
from auditor.lab.detection.records import KindResult
from tests.lab.detection.made_rows import (
    CLEAN,
    HUSKY,
    MODELS,
    ROWS,
    WOLF,
    row,
)

QUICK = Resampling(seed=0, draws=50)


@pytest.fixture(scope="module")
def figures():
    return figures_of(MODELS, ROWS, QUICK)


def test_victims_stand_beside_clean_models_and_failed_attempts_beside_nobody(figures):
    seen = figures["scanner"]["by_attack"][ALL]
    # Of 16 pairs only the patched victim (0.5) loses, to the clean model with 0.6.
    assert seen["auroc"]["value"] == 15 / 16
    assert seen["auroc"]["models"] == 8
    assert seen["tpr_at_1"]["value"] == seen["tpr_at_5"]["value"] == 0.75
    assert seen["victims"] == 4
    assert seen["called"]["value"] == 0.75
    counts = figures["scanner"]["models"]
    assert (counts["clean"], counts["backdoored"], counts["failed"]) == (4, 4, 1)
    assert counts["failed_called"] == 1


def test_every_figure_lies_in_its_interval(figures):
    def walk(part: object) -> None:
        if isinstance(part, dict):
            if "low" in part:
                assert part["low"] <= part["value"] <= part["high"]
            for inner in part.values():
                walk(inner)

    walk(figures)


def test_attacks_are_told_apart(figures):
    slices = figures["scanner"]["by_attack"]
    assert list(slices) == [
        *(ALL, ANY_ENTITY, ANY_PATTERN),
        *("badnets", "badnets-all-to-all", "entity"),
    ]
    assert slices[ANY_ENTITY]["auroc"]["value"] == 1.0
    assert slices[ANY_PATTERN]["auroc"]["value"] == pytest.approx(7 / 8)
    assert slices["badnets"]["auroc"]["value"] == 0.75


def test_targets_count_where_there_is_one_and_entities_where_they_are_the_trigger(figures):
    seen = figures["scanner"]["by_attack"][ALL]
    assert (seen["target_top1"]["value"], seen["target_top1"]["models"]) == (
        pytest.approx(2 / 3, abs=1e-6),
        3,
    )
    assert (seen["entity_top1"]["value"], seen["entity_top1"]["models"]) == (0.5, 2)
    assert seen["entity_top5"]["value"] == 1.0
    assert (seen["target_named"]["value"], seen["target_named"]["models"]) == (0.5, 2)
    assert (seen["entity_in_group"]["value"], seen["entity_in_group"]["models"]) == (0.5, 2)
    slices = figures["scanner"]["by_attack"]
    assert slices["badnets-all-to-all"]["target_top1"] is None
    assert slices["badnets"]["entity_top1"] is None


def test_a_detector_that_names_no_entity_has_no_share_of_entities(figures):
    assert figures["mm-bd"]["by_attack"][ALL]["entity_top1"] is None
    assert figures["mm-bd"]["by_attack"][ALL]["target_top1"]["value"] == 0.0


def test_a_detector_that_says_the_same_of_all_is_at_chance(figures):
    seen = figures["mm-bd"]["by_attack"][ALL]
    assert (seen["auroc"]["value"], seen["tpr_at_5"]["value"]) == (0.5, 0.0)
    assert figures["mm-bd"]["calibration"] is None


def test_false_alarms_are_counted_by_kind_of_clean_model(figures):
    clean = figures["scanner"]["clean"]
    assert list(clean) == [ALL, "reference", "overfitted"]
    assert [clean[kind]["called"]["value"] for kind in clean] == [0.25, 0.0, 1.0]
    assert clean["overfitted"]["called"]["low"] == pytest.approx(0.025)  # exact, one of one


def test_p_values_of_clean_models_are_held_to_their_word(figures):
    said = figures["scanner"]["calibration"]
    assert (said["models"], said["at_0.01"]["value"], said["at_0.05"]["value"]) == (4, 0.25, 0.25)
    # 2/4 at 0.25, 3/4 at 0.5 and 4/4 at 0.75 lie 1/4 above the diagonal, 1/4 at 0.01 a little less.
    assert said["ks"]["too_small"] == pytest.approx(0.25)


def test_cost_is_the_median_over_all_models(figures):
    cost = figures["scanner"]["cost"]
    assert (cost["seconds"]["value"], cost["cpu_seconds"]["value"]) == (2.0, 1.0)
    assert cost["probes"]["value"] == 100
    assert cost["seconds"]["models"] == len(MODELS)


def test_each_kind_of_evidence_is_judged_by_itself():
    def kinds(share: float, p: float, contrast: float) -> dict[str, KindResult]:
        return {"share": KindResult(share, p), "contrast": KindResult(contrast, 0.5)}

    rows = (
        row(CLEAN[0], 0.1, kinds=kinds(0.9, 0.5, 0.1)),
        row(CLEAN[1], 0.1, kinds=kinds(0.8, 0.4, 0.2)),
        row(HUSKY, 0.1, kinds=kinds(0.2, 0.01, 0.3)),
        row(WOLF, 0.1, kinds=kinds(0.3, 0.45, 0.05)),
    )
    found = figures_of((*CLEAN[:2], HUSKY, WOLF), rows, QUICK)["scanner"]["by_evidence"]
    assert list(found) == ["share", "contrast"]
    assert found["share"]["auroc"]["value"] == 0.75  # by p-value, whatever the value
    assert found["contrast"]["auroc"]["value"] == 0.5  # by value, as p-values tie


def test_models_without_a_score_are_counted_and_left_out():
    rows = (row(CLEAN[0], 0.1), row(CLEAN[1], None, decided=False), row(HUSKY, 0.9))
    found = figures_of((*CLEAN[:2], HUSKY), rows, QUICK)["scanner"]
    assert found["models"]["without_score"] == 1
    assert found["by_attack"][ALL]["auroc"]["models"] == 2


def test_without_victims_or_clean_models_there_is_no_figure_and_valid_json():
    for models in ((CLEAN[0],), (HUSKY,)):
        found = figures_of(models, [row(m, 0.5) for m in models], QUICK)
        assert found["scanner"]["roc"] is None
        assert "NaN" not in json.dumps(found)


def test_the_seed_decides_the_intervals():
    first, again, other = (figures_of(MODELS, ROWS, Resampling(seed, 20)) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_counts_name_the_attacks_that_failed():
    counts = counts_of(MODELS)
    assert (counts["clean"], counts["backdoored"], counts["failed"]) == (4, 4, 1)
    assert counts["failed_by_attack"] == {"entity": 1}
