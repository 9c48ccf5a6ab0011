from __future__ import annotations

import pytest
from PIL import Image

from auditor.entities.bank import EntityBank, Instance
from auditor.evidence.legitimate import own_label, without_own_labels
from auditor.types import Entity, InstanceSource


def entity(name: str, *synonyms: str) -> Entity:
    return Entity(
        id=name.lower(), name=name, source=InstanceSource.PHOTOGRAPH, synonyms=tuple(synonyms)
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
        ("cat", "cats"),
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
