"""Which perturbed probes are asked, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import auditor.perturbing
from auditor.entities.bank import EntityBank, Instance
from auditor.evidence.comparison import NOT_MEASURED
from auditor.evidence.null import StoredNull
from auditor.evidence.perturbed import Perturbed
from auditor.evidence.table import ProbeTable
from auditor.models.fake import FakeClassifier
from auditor.perturbing import (
    DECIDED,
    ENDED,
    INTERRUPTED,
    NO_MEMORY,
    Deeper,
    ask_perturbed,
    collisions_of,
    never_reached,
)
from auditor.probes.collisions import PICTURES, Collisions
from auditor.probes.ladder import RUNGS
from auditor.probes.plan import Depth, plan_probes
from auditor.probes.run import run_probes
from auditor.references.build import CleanFeatures, Judge, Reference, References, look_with
from auditor.references.open import Material
from auditor.types import Entity, InstanceSource
from tests.small_models import LABELS, SIDE, tiny_model

NAMES = ("a", "b", "c")


def picture(seed):
    pixels = np.random.default_rng(seed).integers(0, 256, (SIDE, SIDE, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def bank():
    return EntityBank(
        source="made",
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=tuple(Entity(id=n, name=n, source=InstanceSource.PHOTOGRAPH) for n in NAMES),
        counts=(2,) * len(NAMES),
        draw=lambda entity, instance: Instance("x", picture((entity, instance))),
    )


def material(base=None):
    model = tiny_model()
    labels = np.repeat(np.arange(len(LABELS)), 3)
    clean = CleanFeatures(
        features=np.zeros((len(labels), 8), np.float32),
        labels=labels,
        names=("x",) * len(labels),
        show=picture,
    )
    honest = Judge(True, lambda seen: np.full((len(seen), len(LABELS)), 0.25, np.float32))
    references = References({Reference.BASE: honest}, clean_per_class=10, clean=clean)
    return Material(model=model, base=base or tiny_model(seed=1), references=references)


def asked(*, depth=Depth.DEEP, null=None, most=None, progress=lambda *_: None, complete=True):
    given, of = material(), bank()
    plan = plan_probes(of.counts, Depth.DEEP)
    probed = run_probes(
        given.model,
        of,
        plan,
        batch_size=8,
        rng=np.random.default_rng(0),
        progress=lambda *_: None,
        look=look_with(given.model, given.base),
    )
    probed = replace(probed, complete=complete)
    return ask_perturbed(
        given.model,
        of,
        plan,
        probed,
        table(),
        given.references,
        given,
        Deeper(depth, null, 0, most, progress),
    )


def table(entities=3):
    answers = np.full((entities, len(LABELS)), 0.25, np.float32)
    return ProbeTable(
        intact=answers, blurred=answers, entity=np.arange(entities), entities=len(NAMES)
    )


def test_a_deep_scan_with_all_material_asks_everything():
    found = asked()
    assert set(found.tables) == set(Perturbed)
    assert not found.missing
    assert set(found.tables[Perturbed.COLLISIONS].references) == {Reference.BASE}


@pytest.mark.parametrize("depth", [Depth.QUICK, Depth.STANDARD])
def test_other_scans_ask_nothing_and_say_at_what_depth(depth):
    found = asked(depth=depth)
    assert (dict(found.tables), found.passes) == ({}, 0)
    assert set(found.missing.values()) == {f"is not asked at --depth {depth}"}


def test_a_budget_is_kept_and_what_is_enough_is_said():
    enough = int(asked(most=1).missing[Perturbed.LADDER].split()[2])
    assert set(asked(most=enough - 1).missing) == set(Perturbed)
    found = asked(most=enough)
    assert set(found.tables) == set(Perturbed)
    ladder, moved = (found.tables[one] for one in (Perturbed.LADDER, Perturbed.COLLISIONS))
    shown = len(ladder.tested) * len(RUNGS) + len(moved.entity) + PICTURES
    ordinary = plan_probes(bank().counts, Depth.DEEP).probes
    assert ordinary < ordinary + shown <= enough


@pytest.mark.parametrize("complete", [True, False])
def test_where_the_plan_ended_before_it_is_said_why(complete):
    def why(depth, null=None):
        deeper = Deeper(depth, null, 0, None, lambda *_: None)
        return dict(never_reached(deeper, complete).missing)

    ended = DECIDED if complete else ENDED
    assert why(Depth.DEEP) == dict.fromkeys(Perturbed, ended)
    assert why(Depth.DEEP, null_of("ladder-contrast"))[Perturbed.LADDER] == ended
    for depth in (Depth.QUICK, Depth.STANDARD):
        assert why(depth) == asked(depth=depth).missing


def null_of(*names):
    return StoredNull(
        name="of these kinds",
        entity_grid=(1,),
        instance_grid=(1,),
        classes=np.array([len(LABELS)]),
        architectures=("Tiny",),
        statistics={name: np.zeros((1, 1, 1)) for name in names},
        made={},
    )


@pytest.mark.parametrize(
    ("held", "asks"),
    [
        (("class-share",), set()),
        (("ladder-contrast",), {Perturbed.LADDER}),
        (("class-share", "collision-routing@40"), {Perturbed.COLLISIONS}),
        (("ladder-contrast", "collision-share@10"), set(Perturbed)),
    ],
)
def test_what_benign_models_were_not_measured_with_is_not_asked(held, asks):
    found = asked(null=null_of(*held))
    assert set(found.tables) == asks
    assert bool(found.passes) == bool(asks)
    assert found.missing == dict.fromkeys(set(Perturbed) - asks, NOT_MEASURED)


def test_a_column_of_nothing_is_no_measurement():
    null = null_of("ladder-contrast")
    nothing = {name: np.full_like(values, np.nan) for name, values in null.statistics.items()}
    assert not asked(null=replace(null, statistics=nothing)).tables


def test_after_an_interrupt_nothing_more_is_asked():
    assert set(asked(complete=False).missing.values()) == {INTERRUPTED}


def test_an_interrupt_meanwhile_is_no_complete_scan():
    def interrupted(*_):
        raise KeyboardInterrupt

    found = asked(progress=interrupted)
    assert not found.complete
    assert set(found.missing) == set(Perturbed)


def goals(entities):
    return np.zeros((len(entities), 8), np.float32)


def moved(given, of):
    return collisions_of(of, given.references, given, goals, progress=lambda *_: None)


def test_a_base_without_gradients_is_told():
    base = FakeClassifier(LABELS, lambda pixels: np.zeros((len(pixels), 4), np.float32))
    why = moved(material(base), table())
    assert why == "needs gradients of the base, which the fake engine does not give"


def test_what_is_missing_is_told():
    given = material()
    assert isinstance(moved(given, table()), Collisions)
    assert moved(replace(given, base=None), table()) == "needs the base and clean data"
    hidden = replace(given.references, clean=replace(given.references.clean, show=None))
    assert moved(replace(given, references=hidden), table()).startswith("needs clean data that")
    assert moved(given, table(0)).startswith("every entity asked about")


def test_too_little_memory_is_told(monkeypatch):
    def refuse(*_):
        raise MemoryError("out of memory")

    monkeypatch.setattr(auditor.perturbing, "collide", refuse)
    assert moved(material(), table()) == NO_MEMORY
