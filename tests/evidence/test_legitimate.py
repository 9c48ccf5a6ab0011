from __future__ import annotations

import pytest
from PIL import Image

from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.open import open_entities
from auditor.evidence.allowed import allowed_pairs
from auditor.evidence.legitimate import (
    KIND,
    OWN,
    PART,
    SAID,
    Job,
    held_by_name,
    own_label,
    the_job,
    without_own_labels,
)
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


def test_what_means_a_label_is_left_out_and_listed_with_that_label():
    left, skips = without_own_labels(bank("car", "stop", "dog"), ("STOP", "yield"))
    assert [e.name for e in left.entities] == ["car", "dog"]
    assert left.counts == (1, 3)
    assert left.draw(1, 2).name == "dog/2"
    (skip,) = skips
    assert "stop" in skip.subject + skip.reason
    assert "STOP" in skip.subject + skip.reason


def test_where_nothing_means_a_label_all_stay():
    of = bank("car", "dog")
    left, skips = without_own_labels(of, ("stop", "yield"))
    assert (left.entities, left.counts, skips) == (of.entities, of.counts, ())


def test_a_bank_of_nothing_but_labels_is_left_empty():
    left, skips = without_own_labels(bank("stop", "yield"), ("yield", "stop"))
    assert left.entities == ()
    assert len(skips) == 2


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
