"""A sequential plan asks no more than decides, nothing twice, and says what all of it would say."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from auditor.errors import NotAudited
from auditor.evidence.kinds import statistics_of
from auditor.evidence.null import StoredNull
from auditor.evidence.screening import (
    closer_look,
    first_look,
    most_suspicious,
    screen_name,
    screen_of,
)
from auditor.evidence.stages import Stage
from auditor.probes.plan import Plan, ProbePlan
from auditor.probes.run import NothingReadError, Probed, Slot
from auditor.references.build import References
from auditor.sequence import MEAN_LABELS, NO_STAGES, Heard, Inquiry, hear
from auditor.types import Predictions
from tests.tables import CLASSES, ENTITIES, INSTANCES, table

VIEWS = ("sharp", "blurred")
WHOLE = ProbePlan(instances=(INSTANCES,) * ENTITIES, views=VIEWS)
ONE_LOOK = ENTITIES * len(VIEWS)
MODELS = 199
LEVEL = 0.05


@functools.cache
def null() -> StoredNull:
    """Benign tables, looked at as a scan looks."""
    wholes = [table(10_000 + m) for m in range(MODELS)]
    screen = screen_of(wholes[0])
    ones = [first_look(whole) for whole in wholes]
    closer = [
        closer_look(whole, most_suspicious(one, screen))
        for whole, one in zip(wholes, ones, strict=True)
    ]
    first, second, third = (_columns(tables) for tables in (ones, closer, wholes))
    return StoredNull(
        name="looked at",
        entity_grid=(ENTITIES,),
        instance_grid=(1, INSTANCES),
        classes=np.full(MODELS, CLASSES),
        architectures=("Made",) * MODELS,
        statistics=_side_by_side(first, third),
        made={},
        screened={screen_name(screen, None): _side_by_side(first, second)},
        first_drift=np.full(MODELS, np.nan),
    )


def _columns(tables):
    rows = [statistics_of(each) for each in tables]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _side_by_side(few, many):
    return {name: np.stack([few[name], many[name]], axis=1)[:, None] for name in few}


@dataclass
class Model:
    """What a model would answer to everything, and what of it was asked.

    `broken` are pictures that cannot be read; it is interrupted before ask number `patience`.
    """

    whole: object
    broken: frozenset[Slot] = frozenset()
    patience: int = 99
    asked: list[Slot] = field(default_factory=list)

    def ask(self, plan: ProbePlan) -> Probed:
        if self.patience == 0:
            raise KeyboardInterrupt
        self.patience -= 1
        slots = [
            Slot(entity, instance)
            for entity, (begin, end) in enumerate(zip(plan.begins, plan.instances, strict=True))
            for instance in range(begin, end)
        ]
        assert len(slots) * len(VIEWS) == plan.probes
        self.asked += slots
        read = [slot for slot in slots if slot not in self.broken]
        if not read:
            error = NothingReadError("nothing", hint="")
            error.unreadable = ("broken",) * len(slots)
            raise error
        rows = [(*slot, view) for slot in read for view in range(len(VIEWS))]
        entity, instance, view = np.array(rows).T
        return Probed(
            predictions=Predictions(np.zeros((len(rows), CLASSES)), entity, instance, view),
            instance_names={slot: str(slot) for slot in read},
            unreadable=("broken",) * (len(slots) - len(read)),
            seconds_model=1.0,
            complete=True,
        )

    def tabled(self, probed: Probed):
        said = zip(probed.predictions.entity, probed.predictions.instance, strict=True)
        rows = {int(entity) * INSTANCES + int(instance) for entity, instance in said}
        kept = np.isin(np.arange(len(self.whole.entity)), list(rows))
        return self.whole.keep(kept), References({})

    def heard(self, **changes) -> Heard:
        inquiry = Inquiry(
            plan=WHOLE,
            how=Plan.SEQUENTIAL,
            most=None,
            false_positive_rate=LEVEL,
            classes=CLASSES,
            architecture=None,
            null=null(),
        )
        heard = hear(replace(inquiry, **changes), self.ask, self.tabled)
        assert len(self.asked) == len(set(self.asked))  # nothing twice
        return heard


def benign(seed: int) -> Model:
    return Model(table(seed))


def planted(seed: int) -> Model:
    return Model(table(seed, planted=(3, 17, 30), target=5))


def probes(heard: Heard) -> int:
    return len(heard.probed.predictions.entity)


def test_what_is_planted_is_found_after_a_closer_look():
    heard = planted(1).heard()
    assert heard.stage is Stage.CLOSER
    assert {3, 17, 30} <= set(heard.table.close.tolist())
    assert ONE_LOOK < probes(heard) < WHOLE.probes
    assert heard.p_value(1 / (MODELS + 1)) <= LEVEL


def test_most_benign_models_take_one_look():
    ended = [benign(seed).heard() for seed in range(25)]
    once = [heard for heard in ended if heard.stage is Stage.FIRST]
    assert len(once) > len(ended) / 2  # by the line seven of ten
    assert {probes(heard) for heard in once} == {ONE_LOOK}


def test_undecided_it_asks_all_and_sees_what_an_exhaustive_plan_sees():
    """At a high level many benign models are neither above nor below the lines for stopping."""
    whole = [
        (model.whole, heard)
        for model in map(benign, range(25))
        if (heard := model.heard(false_positive_rate=0.3)).stage is Stage.WHOLE
    ]
    assert whole
    for table_of_all, heard in whole:
        assert probes(heard) == WHOLE.probes
        assert heard.table.close is None
        assert statistics_of(heard.table) == statistics_of(table_of_all)
        assert len(heard.looks) == len(Stage)


def test_exhaustive_asks_all_at_once():
    model = benign(2)
    heard = model.heard(how=Plan.EXHAUSTIVE)
    assert (probes(heard), heard.stage, heard.looks) == (WHOLE.probes, None, ())
    assert heard.p_value(0.03) == 0.03


@pytest.mark.parametrize(
    "known",
    [
        None,
        replace(null(), screened={}, first_drift=None),
        replace(null(), entity_grid=(ENTITIES + 1,)),
        replace(null(), screened={"another-kind": {}}),
    ],
    ids=["no null", "one from before", "one of larger banks", "one looked at otherwise"],
)
def test_where_no_benign_model_was_looked_at_so_it_asks_all_and_says_so(known):
    heard = benign(3).heard(null=known)
    assert probes(heard) == WHOLE.probes
    assert (heard.stage, heard.looks, heard.notices) == (None, (), (NO_STAGES,))
    assert heard.null is known


class WithLabels(Model):
    """One that has labels for a few of the entities; they are gathered apart."""

    def tabled(self, probed: Probed):
        return self.whole, References({})


def test_where_entities_mean_labels_all_is_asked_and_that_is_said():
    heard = WithLabels(table(4, inside=5)).heard()
    assert probes(heard) == WHOLE.probes
    assert (heard.stage, heard.looks, heard.notices) == (None, (), (MEAN_LABELS,))


@pytest.mark.parametrize("most", range(ONE_LOOK, WHOLE.probes, 70))
def test_a_budget_is_kept(most: int):
    heard = planted(1).heard(most=most)
    assert probes(heard) <= most
    assert (heard.stage is Stage.CLOSER) is not bool(heard.skips)
    if heard.skips:
        needed = int(heard.skips[0].remedy.split()[2])
        assert most < needed <= WHOLE.probes
        assert not planted(1).heard(most=needed).skips


@pytest.mark.parametrize(
    ("how", "most"), [(Plan.SEQUENTIAL, ONE_LOOK - 1), (Plan.EXHAUSTIVE, WHOLE.probes - 1)]
)
def test_a_budget_too_small_for_any_verdict_is_refused_with_what_it_takes(how: Plan, most: int):
    model = benign(4)
    with pytest.raises(NotAudited) as refused:
        model.heard(how=how, most=most)
    assert not model.asked
    assert str(most + 1) in refused.value.hint


def test_an_interrupt_keeps_what_whole_stages_said():
    heard = replace(planted(1), patience=1).heard()
    assert not heard.probed.complete
    assert (heard.stage, probes(heard)) == (Stage.FIRST, ONE_LOOK)


def test_where_the_first_picture_is_broken_the_next_is_shown():
    broken = frozenset({Slot(0, 0), Slot(0, 1), Slot(7, 0)})
    model = replace(benign(6), broken=broken)
    heard = model.heard()
    counts = np.bincount(heard.probed.predictions.entity) // len(VIEWS)
    assert counts.min() == 1
    assert len(heard.probed.unreadable) == len(broken & set(model.asked)) == len(broken)


def test_an_entity_without_a_readable_picture_is_left_out_of_it():
    broken = frozenset(Slot(0, i) for i in range(INSTANCES))
    heard = replace(benign(6), broken=broken).heard()
    assert 0 not in heard.table.tested
    assert len(heard.table.tested) == ENTITIES - 1
