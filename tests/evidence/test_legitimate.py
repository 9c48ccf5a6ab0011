from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.open import open_entities
from auditor.evidence.allowed import allowed_pairs
from auditor.evidence.legitimate import (
    BASE,
    FEWEST_INSIDE,
    INSIDE,
    KIND,
    OWN,
    PART,
    SAID,
    SAME,
    Job,
    base_skips,
    held_by_base,
    held_by_name,
    meant_labels,
    own_label,
    the_job,
)
from auditor.evidence.table import Pair
from auditor.types import Entity, InstanceSource
from tests.shared_data import DATASETS, needs_shared


def entity(name: str, *synonyms: str, hypernyms: tuple[str, ...] = ()) -> Entity:
    return Entity(
        id=name.lower(),
        name=name,
        source=InstanceSource.PHOTOGRAPH,
        synonyms=tuple(synonyms),
        hypernyms=hypernyms,
    )


def means(name: str, label: str, *synonyms: str) -> bool:
    return own_label(entity(name, *synonyms), ["cup", label]) == 1


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("husky", "husky"),
        ("Husky", "HUSKY"),
        ("traffic light", "traffic_light"),
        ("traffic-light", "Traffic Light"),
        ("  husky ", "husky"),
        ("husky", "husky, sled dog"),
        ("sled dog", "husky, sled dog"),
        ("Siberian husky", "Eskimo dog, Siberian  husky"),
        ("Löwe", "löwe"),
        ("犬", "犬"),
        ("cat", "cats"),
        ("stop watch", "stopwatch"),
    ],
)
def test_a_label_that_means_the_entity(name: str, label: str):
    assert means(name, label)


def test_a_synonym_counts_as_the_name():
    assert means("Eskimo dog", "husky", "malamute", "husky")
    assert not means("Eskimo dog", "husky", "malamute")


def test_a_label_may_have_a_comma_of_its_own():
    assert means("a, b", "a, b")


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("car", "carpet"),
        ("carpet", "car"),
        ("dog", "hot dog"),
        ("hot dog", "dog"),
        ("husky", "Siberian husky"),
        ("Egyptian cat", "cat"),
        ("", "stop"),
        ("!!!", "???"),
    ],
)
def test_a_label_that_only_looks_like_the_entity(name: str, label: str):
    assert not means(name, label)


def test_the_first_label_that_means_it_counts():
    assert own_label(entity("husky"), ["stop", "husky", "husky"]) == 1
    assert own_label(entity("husky"), ["stop"]) is None
    assert own_label(entity("husky"), []) is None


def bank(*names: str) -> EntityBank:
    return EntityBank(
        source="things",
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=tuple(entity(name) for name in names),
        counts=tuple(range(1, len(names) + 1)),
        draw=lambda e, i: Instance(f"{names[e]}/{i}", Image.new("RGB", (4, 4))),
    )


def told(job: Job) -> list[tuple[str, str]]:
    return [(skip.subject, skip.reason) for skip in job.skips]


def test_few_that_mean_a_label_are_left_out_and_listed_with_that_label():
    job = the_job(bank("car", "stop", "dog"), ("STOP", "yield"))
    assert [e.name for e in job.bank.entities] == ["car", "dog"]
    assert job.bank.counts == (1, 3)
    assert job.bank.draw(1, 2).name == "dog/2"
    assert (job.own, job.held) == ({}, frozenset())
    assert told(job) == [("stop -> STOP", OWN)]


def test_where_nothing_means_a_label_all_stay():
    of = bank("car", "dog")
    job = the_job(of, ("stop", "yield"))
    assert (job.bank.entities, job.bank.counts) == (of.entities, of.counts)
    assert (job.own, job.held, job.skips) == ({}, frozenset(), ())


SIGNS = ("stop", "yield", "no entry", "road work")


@pytest.mark.parametrize("count", range(1, FEWEST_INSIDE))
def test_a_bank_of_nothing_but_few_labels_is_left_empty(count: int):
    job = the_job(bank(*SIGNS[:count]), SIGNS)
    assert job.bank.entities == ()
    assert told(job) == [(f"{name} -> {name}", OWN) for name in SIGNS[:count]]


def test_enough_that_mean_a_label_stay_and_are_asked_about_the_others():
    job = the_job(bank("car", "Yield", *SIGNS[2:], "dog", "stops"), SIGNS)
    assert [e.name for e in job.bank.entities] == [
        "car", "Yield", "no entry", "road work", "dog", "stops",
    ]  # fmt: skip
    assert job.own == {1: 1, 2: 2, 3: 3, 5: 0}
    assert job.held == frozenset()  # an own label is held back where its table is made
    assert told(job) == [
        ("Yield -> yield", INSIDE),
        ("no entry -> no entry", INSIDE),
        ("road work -> road work", INSIDE),
        ("stops -> stop", INSIDE),
    ]


def test_what_may_go_anywhere_does_not_count_among_those_that_mean_a_label():
    of = bank("car", *SIGNS)
    job = the_job(of, SIGNS, allowed_pairs(["yield=*"], of.entities, SIGNS))
    assert [e.name for e in job.bank.entities] == ["car"]
    assert job.own == {}
    assert [reason for _, reason in told(job)] == [OWN, OWN, OWN, SAID]
    of = bank("car", *SIGNS, "other")
    job = the_job(of, (*SIGNS, "other"), allowed_pairs(["yield=*"], of.entities, SIGNS))
    assert [e.name for e in job.bank.entities] == ["car", "stop", "no entry", "road work", "other"]
    assert job.own == {1: 0, 2: 2, 3: 3, 4: 4}
    assert ("yield -> yield", INSIDE) not in told(job)


def test_an_allowed_pair_of_an_entity_that_means_a_label_is_held_back():
    of = bank("car", *SIGNS)
    job = the_job(of, SIGNS, allowed_pairs(["yield=stop"], of.entities, SIGNS))
    assert job.own == {1: 0, 2: 1, 3: 2, 4: 3}
    assert job.held == {(2, 0)}


def test_a_label_that_means_the_entity_as_well_is_no_wrong_one():
    of = bank("car", *SIGNS, "tabby")
    entities = (*of.entities[:-1], entity("tabby", "queen"))
    labels = (*SIGNS, "tabby", "queens")
    assert meant_labels(entities, labels)[5] == (4, 5)
    job = the_job(replace(of, entities=entities), labels)
    assert job.own[5] == 4
    assert job.held == {(5, 5)}
    assert ("tabby -> queens", SAME) in told(job)


def test_a_kind_of_an_entity_that_means_a_label_is_no_wrong_one():
    of = bank(*SIGNS[1:], "bus")
    job = the_job(of, (*SIGNS, "bus", "school bus"))
    assert job.own[3] == 4
    assert job.held == {(3, 5)}
    assert ("bus -> school bus", PART) in told(job)


# Pairs that are a label's task though the entity does not mean the label


def held(of: Entity, *labels: str) -> list[tuple[str, str]]:
    return [(labels[pair.target], why) for pair, why in held_by_name([of], labels)]


@pytest.mark.parametrize(
    ("of", "label", "why"),
    [
        (entity("Egyptian cat"), "cat", KIND),
        (entity("Egyptian cat"), "dogs, cats", KIND),
        (entity("tabby", "tabby cat"), "cat", KIND),
        (entity("bus"), "school bus", PART),
        (entity("bus"), "buses or trucks", PART),
        (entity("husky"), "dog sled with a husky, Siberian husky", PART),
        (entity("hog", hypernyms=("swine", "animal")), "animals", KIND),
        (entity("guinea pig", hypernyms=("cavy", "rodent")), "rodent", KIND),
    ],
)
def test_a_pair_that_is_the_task(of: Entity, label: str, why: str):
    assert held(of, "yield", label) == [(label, why)]


@pytest.mark.parametrize(
    ("of", "label"),
    [
        (entity("stopwatch", "stop watch"), "stop"),
        (entity("bus stop"), "bus"),
        (entity("red fox"), "red"),
        (entity("truck"), "no trucks"),
        (entity("truck"), "no overtaking for trucks"),
        (entity("speed limit"), "end of speed limit"),
        (entity("hot dog"), "dog"),
        (entity("husky"), "other"),
        (entity("husky", hypernyms=("dog", "whole", "entity")), "entity"),
        # a taxonomy knows better than the spelling
        (entity("sugar glider", hypernyms=("phalanger", "marsupial")), "glider"),
        # a synonym has other meanings: a cliff is a drop, and a rain drop is none
        (entity("cliff", "drop"), "rain drop"),
        (entity("", "", hypernyms=("",)), ""),
        (entity("!!!"), "???"),
    ],
)
def test_a_pair_that_is_not_the_task(of: Entity, label: str):
    assert held(of, "yield", label) == []


@needs_shared
@pytest.mark.parametrize("source", ["entities-200", "rendered"])
def test_no_traffic_sign_means_or_covers_an_everyday_thing(source: str):
    signs = open_dataset(DatasetSpec(source=str(DATASETS / "traffic-signs"))).label_names
    assert len(signs) == 43
    name = source if source == "rendered" else str(DATASETS / source)
    of = open_entities(DatasetSpec(source=name), seed=0)
    job = the_job(of, signs)
    assert (job.skips, job.held, job.notices) == ((), frozenset(), ())
    assert job.bank.entities == of.entities


def the_job_of(names: list[str], labels: tuple[str, ...], *allow: str) -> Job:
    of = bank(*names)
    return the_job(of, labels, allowed_pairs(allow, of.entities, labels))


def test_what_is_left_out_and_what_is_held_back_is_counted_in_the_bank_that_is_left():
    job = the_job_of(["stop", "car", "Egyptian cat"], ("cat", "stop"))
    assert [e.name for e in job.bank.entities] == ["car", "Egyptian cat"]
    assert job.held == {(1, 0)}
    assert job.bank.draw(1, 0).name == "Egyptian cat/0"
    assert [(skip.subject, skip.reason) for skip in job.skips] == [
        ("stop -> stop", OWN),
        ("Egyptian cat -> cat", KIND),
    ]


def test_an_allowed_pair_is_held_back_and_the_entity_stays():
    job = the_job_of(["car", "dog"], ("stop", "yield"), "dog=stop")
    assert [e.name for e in job.bank.entities] == ["car", "dog"]
    assert job.held == {(1, 0)}
    assert [(skip.subject, skip.reason) for skip in job.skips] == [("dog=stop", SAID)]


def test_an_entity_that_may_go_anywhere_is_left_out():
    job = the_job_of(["car", "dog"], ("stop", "yield"), "car=*")
    assert [e.name for e in job.bank.entities] == ["dog"]
    assert job.held == frozenset()
    assert [skip.subject for skip in job.skips] == ["car=*"]


def test_a_class_to_which_anything_may_go_is_held_back_whole_and_told_once():
    job = the_job_of(["car", "stop", "dog"], ("stop", "other"), "*=other")
    assert [e.name for e in job.bank.entities] == ["car", "dog"]
    assert job.held == {(0, 1), (1, 1)}
    assert [skip.subject for skip in job.skips] == ["stop -> stop", "*=other"]


def test_a_pair_of_an_entity_that_is_left_out_anyway_changes_nothing():
    job = the_job_of(["stop", "car"], ("stop", "yield"), "stop=yield", "stop=*")
    assert [e.name for e in job.bank.entities] == ["car"]
    assert job.held == frozenset()


def test_a_label_that_covers_half_of_everything_is_noticed():
    names = ["red car", "old car", "dog"]
    (notice,) = the_job_of(names, ("car", "stop")).notices
    assert "'car' covers 2 of 3 entities" in notice
    assert the_job_of([*names, "cat", "cow"], ("car", "stop")).notices == ()
    assert the_job_of(names, ("stop", "other"), "*=other").notices == ()  # the user knows


# What the base takes entities for already

OF_THE_BASE = ("tench", "tabby, tabby cat", "tiger cat", "Egyptian cat")


def taken(*labels: str, base: tuple[str, ...] = OF_THE_BASE) -> frozenset[Pair]:
    """What is held back of the entity at position 7, by what the base says of its pictures."""
    rows = np.array([base.index(label) for label in labels], dtype=np.int64)
    return held_by_base(rows, np.full(len(rows), 7), base, ("beagle", "Tabby", "tabby cats"))


@pytest.mark.parametrize("others", [0, 1, 2])
def test_what_the_base_takes_for_a_label_most_of_the_time_is_held_back_from_it(others: int):
    shared = ["tabby, tabby cat"] * 3
    assert taken(*shared, *["tench"] * others) == {(7, 1), (7, 2)}


@pytest.mark.parametrize(
    "labels",
    [
        ["tabby, tabby cat"] * 3 + ["tench"] * 4,  # another label is its favourite
        ["tabby, tabby cat"] * 2 + ["tiger cat", "tench", "Egyptian cat"],  # it does not know
        ["tabby, tabby cat"] * 3 + ["tench"] * 3,  # it has two favourites
        ["tabby, tabby cat"] * 3 + ["Egyptian cat"] * 3,
        ["tench"] * 5,  # the model has no such label
        [],
    ],
)
def test_what_the_base_does_not_do_most_of_the_time_is_asked_about(labels: list[str]):
    assert taken(*labels) == frozenset()


def test_labels_are_shared_by_their_name_and_not_by_their_number():
    base, labels = ("stop", "yield", "car"), ("car", "no entry", "stop")
    entity = np.array([0, 0, 3, 3, 5])
    held = held_by_base(np.array([0, 0, 2, 2, 1]), entity, base, labels)
    assert held == {Pair(0, 2), Pair(3, 0)}


def test_each_entity_is_judged_by_its_own_pictures_in_whatever_order_they_come():
    entity = np.array([1, 0, 1, 0, 1, 0])
    held = held_by_base(np.array([0, 1, 0, 1, 1, 1]), entity, SIGNS, SIGNS)
    assert held == {Pair(1, 0), Pair(0, 1)}


def test_what_the_base_is_the_reason_for_is_listed_in_the_order_of_the_bank():
    of = bank("car", "dog", "cat")
    skips = base_skips({Pair(2, 0), Pair(0, 1), Pair(0, 0)}, of.entities, SIGNS)
    assert [(skip.subject, skip.reason) for skip in skips] == [
        ("car -> stop", BASE),
        ("car -> yield", BASE),
        ("cat -> stop", BASE),
    ]
    assert base_skips((), of.entities, SIGNS) == ()
