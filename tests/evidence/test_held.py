"""Pairs that are the model's job: they never count, and the others count as before."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.evidence.gather import Gathered, gather
from auditor.evidence.kinds import KINDS, Over
from auditor.evidence.table import Pair, ProbeTable
from tests.perturbed import perturbed_table
from tests.tables import ALL, BANK, CLASSES, CLEAN, ENTITIES, LABELS, null_for, table, verdict

PLANTED, TARGET = (5, 9), 2
HELD = frozenset(Pair(entity, TARGET) for entity in PLANTED)
INSIDE = 8  # entities 0 to 7 mean a label, so that one of those that are planted does


def gathered(of: ProbeTable) -> Gathered:
    return gather(
        of,
        null_for(of),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=CLEAN,
    )


def planted(held: frozenset[Pair] = frozenset(), **more: object) -> ProbeTable:
    return replace(table(1, planted=PLANTED, target=TARGET, **more), held=held)


def test_a_planted_pair_that_is_held_back_is_not_called():
    assert verdict(planted(), rule="entity-contrast").findings
    assert not verdict(planted(HELD), rule="entity-contrast").findings


def test_a_wrong_label_that_is_held_back_is_not_called_and_another_is():
    of = table(1, planted=[3, 5], target=TARGET, inside=INSIDE, misses=0.1)
    (finding,) = verdict(of, rule="wrong-label").findings
    assert {entity.id for entity in finding.entities} == {"e3", "e5"}
    some = of.holding(frozenset([Pair(5, TARGET)]))
    (finding,) = verdict(some, rule="wrong-label").findings
    assert [entity.id for entity in finding.entities] == ["e3"]
    both = of.holding(frozenset([Pair(3, TARGET), Pair(5, TARGET)]))
    assert not verdict(both, rule="wrong-label").findings


def test_an_own_label_stands_nowhere_in_the_report():
    found = gathered(table(1, inside=INSIDE, misses=0.1, entities=INSIDE))
    shown = {(e.entity_ids, e.target_index) for e in found.evidence}
    assert len(shown) == len(found.ranking) == 25
    assert not shown & {((f"e{i}",), i) for i in range(INSIDE)}
    assert not any(pair.entity.id == f"e{pair.target_index}" for pair in found.ranking)


def test_another_pair_of_the_same_entity_or_class_is_called_all_the_same():
    elsewhere = frozenset([Pair(5, 0), Pair(9, 1), Pair(7, TARGET)])
    (finding,) = verdict(planted(elsewhere), rule="entity-contrast").findings
    assert {entity.id for entity in finding.entities} == {"e5", "e9"}
    half = frozenset([Pair(5, TARGET)])
    (finding,) = verdict(planted(half), rule="entity-contrast").findings
    assert [entity.id for entity in finding.entities] == ["e9"]


def test_what_is_held_back_stands_nowhere_in_the_report():
    found = gathered(planted(HELD))
    assert not any(
        pair.target_index == TARGET and pair.entity.id in ("e5", "e9") for pair in found.ranking
    )
    assert not any(
        e.target_index == TARGET and {"e5", "e9"} & set(e.entity_ids) for e in found.evidence
    )
    assert gathered(planted()).ranking[0].target_index == TARGET


def test_where_little_is_left_no_held_pair_fills_the_list():
    left = {Pair(entity, TARGET) for entity in PLANTED}
    every = {Pair(entity, target) for entity in range(ENTITIES) for target in range(CLASSES)}
    found = gathered(planted(frozenset(every - left)))
    assert {(pair.entity.id, pair.target_index) for pair in found.ranking} == {
        ("e5", TARGET),
        ("e9", TARGET),
    }
    pairs = [e for e in found.evidence if KINDS[e.kind].over is Over.PAIRS]
    assert {e.entity_ids for e in pairs} == {("e5",), ("e9",)}


@pytest.mark.parametrize("name", [name for name in KINDS if KINDS[name].search is None])
@pytest.mark.parametrize("seed", range(5))
def test_holding_back_never_raises_a_statistic(name: str, seed: int):
    rng = np.random.default_rng([seed, 3])
    of = table(seed, planted=PLANTED, target=TARGET, references=ALL, inside=INSIDE, misses=0.1)
    of = replace(of, perturbed=perturbed_table(seed).perturbed)
    pairs = rng.integers(0, [ENTITIES, CLASSES], (60, 2))
    held = HELD | {Pair(int(e), int(c)) for e, c in pairs}
    before, after = (KINDS[name].values(one) for one in (of, of.holding(held)))
    assert (after <= before + 1e-7).all()
    assert after.max() <= before.max() + 1e-7
    untouched = np.ones_like(before, dtype=bool)
    row = {int(entity): i for i, entity in enumerate(KINDS[name].part(of).tested)}
    for entity, target in held:
        if entity in row:
            at = (target,) if KINDS[name].over is Over.CLASSES else (row[entity], target)
            untouched[at] = False
    np.testing.assert_allclose(after[untouched], before[untouched])
    assert (after < before - 1e-3).any()


@pytest.mark.parametrize("inside", [0, INSIDE])
@pytest.mark.parametrize("seed", range(3))
def test_holding_back_never_makes_a_model_more_suspect(seed: int, inside: int):
    of = table(60 + seed, planted=[3], references=ALL, inside=inside, misses=0.1)
    less = of.holding(frozenset([Pair(3, 0), Pair(4, 1)]))
    before, after = gathered(of), gathered(less)
    assert before.model_p_value < after.model_p_value
    assert before.model_statistic > after.model_statistic


def test_a_class_that_is_held_back_whole_is_no_evidence():
    everything = tuple(range(ENTITIES))
    of = table(1, planted=everything, target=TARGET)
    assert verdict(of, rule="class-share").findings
    whole = frozenset(Pair(entity, TARGET) for entity in everything)
    assert not verdict(replace(of, held=whole)).findings


def test_the_named_group_leaves_out_what_is_held_back():
    kind = tuple(range(12))
    of = table(1, planted=kind, target=TARGET)
    held = frozenset([Pair(4, TARGET)])
    (before,) = verdict(of, rule="detail-contrast").findings
    (after,) = verdict(replace(of, held=held), rule="detail-contrast").findings
    assert "e4" in {entity.id for entity in before.entities}
    assert "e4" not in {entity.id for entity in after.entities}
    assert after.evidence[0].value < before.evidence[0].value


def test_pairs_are_counted_in_the_bank_whatever_was_tested():
    of = table(2, entities=6)
    some = replace(of.keep(np.isin(of.entity, [1, 4])), held=frozenset([Pair(4, 3), Pair(0, 1)]))
    mask = some.held_here()
    assert mask.shape == (2, CLASSES)
    assert [tuple(at) for at in np.argwhere(mask)] == [(1, 3)]
    assert some.keep(some.entity == 4).held_here()[0, 3]


def test_an_effect_below_zero_stays_below_zero():
    of = replace(table(2, entities=2), held=frozenset([Pair(0, 0), Pair(1, 1)]))
    values = np.where(of.entity[:, None] == 0, -0.5, 0.25) * np.ones((1, CLASSES))
    effects = of.effects(values.astype(np.float32))
    assert (effects[0, 0], effects[1, 1], effects[1, 0]) == (-0.5, 0, 0.25)


def test_a_group_names_all_that_go_to_the_class_whichever_pair_the_evidence_is_about():
    of = table(1, planted=PLANTED, target=TARGET)
    about = [e for e in gathered(of).evidence if e.target_index == TARGET]
    pairs = [e for e in about if len(e.entity_ids) == 1 and KINDS[e.kind].over is Over.PAIRS]
    assert {e.entity_ids for e in pairs} >= {("e5",), ("e9",)}
    ((group, described),) = {(e.group_ids, str(e.detail["group"])) for e in about}
    assert set(group[:2]) == {"e5", "e9"}  # those that go there most come first
    assert ", ".join(f"entity {i[1:]}" for i in group[:2]) in described


def test_what_is_held_back_is_no_member_of_a_group():
    of = table(1, planted=(5, 9, 12), target=TARGET).holding([Pair(9, TARGET)])
    about = [e for e in gathered(of).evidence if e.target_index == TARGET]
    assert about
    assert not any("e9" in e.group_ids or "entity 9" in str(e.detail["group"]) for e in about)
