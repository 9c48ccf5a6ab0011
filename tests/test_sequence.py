"""A sequential plan asks no more than decides, nothing twice, and says what all of it would say."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from auditor.errors import NotAudited
from auditor.evidence.comparison import NOT_MEASURED, compared
from auditor.evidence.kinds import statistics_of, stored_name
from auditor.evidence.null import StoredNull
from auditor.evidence.perturbed import Perturbed
from auditor.evidence.screening import (
    closer_look,
    first_look,
    most_suspicious,
    screen_name,
    screen_of,
)
from auditor.evidence.stages import Stage
from auditor.perturbing import PerturbedAnswers
from auditor.probes.plan import Plan, ProbePlan
from auditor.probes.run import NothingReadError, Probed, Slot
from auditor.references.build import References
from auditor.sequence import MEAN_LABELS, NO_STAGES, Heard, Inquiry, hear
from auditor.types import Predictions
from tests.perturbed import perturbed_table
from tests.tables import CLASSES, ENTITIES, INSTANCES, table

VIEWS = ("sharp", "blurred")
WHOLE = ProbePlan(instances=(INSTANCES,) * ENTITIES, views=VIEWS)
ONE_LOOK = ENTITIES * len(VIEWS)
MODELS = 199
LEVEL = 0.05
UNDECIDED = 0.3  # a level at which many benign models take the whole plan
NOT_ASKED = PerturbedAnswers(missing=dict.fromkeys(Perturbed, "not asked"))


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


@functools.cache
def null_of_deep_scans() -> StoredNull:
    """The same models, asked perturbed probes after the whole plan."""
    rows = [said_of_perturbed(10_000 + m) for m in range(MODELS)]
    columns = {
        stored_name(name, None): np.array([row[name] for row in rows])[:, None, None].repeat(2, 2)
        for name in rows[0]
    }
    return replace(null(), statistics={**null().statistics, **columns})


def said_of_perturbed(seed: int) -> dict[str, float]:
    nothing_else = replace(perturbed_table(seed), references={})
    ordinary = statistics_of(replace(nothing_else, perturbed={}))
    return {n: v for n, v in statistics_of(nothing_else).items() if n not in ordinary}


def _columns(tables):
    rows = [statistics_of(each) for each in tables]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _side_by_side(few, many):
    return {name: np.stack([few[name], many[name]], axis=1)[:, None] for name in few}


@dataclass
class Model:
    """What a model would answer to everything, and what of it was asked.

    `broken` are pictures that cannot be read; it is interrupted before ask number `patience`.
    `perturbed` it answers to perturbed probes, which it was asked so many `times`.
    """

    whole: object
    broken: frozenset[Slot] = frozenset()
    patience: int = 99
    asked: list[Slot] = field(default_factory=list)
    perturbed: PerturbedAnswers = NOT_ASKED
    times: int = 0

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

    def perturb(self, probed: Probed, of, references: References) -> PerturbedAnswers:
        broken = len(probed.unreadable) * len(VIEWS)
        assert len(probed.predictions.entity) + broken == WHOLE.probes
        assert of.close is None
        self.times += 1
        return self.perturbed

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
        heard = hear(replace(inquiry, **changes), self.ask, self.tabled, self.perturb)
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
        if (heard := model.heard(false_positive_rate=UNDECIDED)).stage is Stage.WHOLE
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


def deep(seed: int, **planted) -> Model:
    """One that answers to perturbed probes too."""
    tables = {Perturbed(k): v for k, v in perturbed_table(seed, **planted).perturbed.items()}
    return Model(table(seed), perturbed=PerturbedAnswers(tables))


def deeply(model: Model, known: StoredNull, how: Plan = Plan.SEQUENTIAL) -> Heard:
    return model.heard(null=known, how=how, false_positive_rate=UNDECIDED)


@functools.cache
def undecided() -> int:
    """A benign model that takes the whole plan."""
    return next(s for s in range(25) if deeply(deep(s), null()).stage is Stage.WHOLE)


def searched(heard: Heard) -> set[str]:
    return set(compared(heard.table, heard.null, classes=CLASSES).kinds)


def test_perturbed_probes_are_asked_once_after_the_whole_plan_and_never_before():
    ended = [(model, deeply(model, null_of_deep_scans())) for model in map(deep, range(25))]
    ended += [(model, model.heard(null=null_of_deep_scans())) for model in map(deep, range(9))]
    assert {heard.stage for _, heard in ended} == set(Stage)
    for model, heard in ended:
        assert model.times == (heard.stage is Stage.WHOLE)
        assert heard.perturbed.told == (heard.stage is Stage.WHOLE)
        assert bool(heard.table.perturbed) == (heard.stage is Stage.WHOLE)


def test_the_whole_plan_is_compared_in_what_exhaustive_is_perturbed_probes_among_it():
    seed = undecided()
    whole, at_once = (deeply(deep(seed), null_of_deep_scans(), how) for how in Plan)
    assert {whole.stage, at_once.stage} == {Stage.WHOLE, None}
    assert statistics_of(whole.table) == statistics_of(at_once.table)
    assert searched(whole) == searched(at_once) > searched(deeply(deep(seed), null()))
    assert len(whole.looks) == len(Stage)
    assert whole.looks[-1].benign.shape[1] == MODELS


def test_what_perturbed_probes_alone_show_is_called_where_the_whole_plan_is_asked():
    seed = undecided()
    found = deeply(deep(seed, target=5), null_of_deep_scans())
    assert found.stage is Stage.WHOLE
    assert (found.looks[-1].own > found.looks[-1].benign.max(axis=1)).all()
    before = deeply(deep(seed, target=5), null())
    assert not (before.looks[-1].own > before.looks[-1].benign.max(axis=1)).all()


def test_a_null_without_perturbed_probes_leaves_them_out_and_changes_nothing():
    seed = undecided()
    with_them, without = deeply(deep(seed), null()), deeply(benign(seed), null())
    assert searched(with_them) == searched(without)
    assert with_them.p_value(0.1) == without.p_value(0.1)


def test_where_fewer_benign_models_were_asked_perturbed_probes_the_looks_stay_alike():
    """A rank over three looks is among models that were all looked at three times."""
    known = null_of_deep_scans()
    fewer = {name: values.copy() for name, values in known.statistics.items()}
    for name in said_of_perturbed(0):
        fewer[stored_name(name, None)][0] = np.nan
    seed = undecided()
    heard = deeply(deep(seed), replace(known, statistics=fewer))
    assert heard.perturbed.missing == dict.fromkeys(Perturbed, NOT_MEASURED)
    assert {look.benign.shape[1] for look in heard.looks} == {MODELS}
    assert heard.p_value(0.1) == deeply(benign(seed), null()).p_value(0.1)


def test_an_interrupt_while_perturbed_probes_are_asked_keeps_the_rest():
    seed = undecided()
    model = benign(seed)
    model.perturbed = replace(NOT_ASKED, complete=False)
    heard = deeply(model, null_of_deep_scans())
    assert heard.probed.complete
    assert not heard.complete
    assert len(heard.looks) == len(Stage)
