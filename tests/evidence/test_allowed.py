from __future__ import annotations

import pytest

from auditor.errors import ExitCode, UsageError
from auditor.evidence.allowed import Allowed, allowed_pairs
from auditor.types import Entity, InstanceSource

LABELS = ("stop", "no entry", "tench, Tinca tinca", "a=b", "???")
NAMES = ("Egyptian cat", "school bus", "crane", "crane", "x=y", "!!!")
ENTITIES = tuple(
    Entity(
        id=f"n{i}",
        name=name,
        source=InstanceSource.PHOTOGRAPH,
        synonyms=("yellow bus",) if name == "school bus" else (),
    )
    for i, name in enumerate(NAMES)
)


def resolve(said: str) -> Allowed:
    (one,) = allowed_pairs([said], ENTITIES, LABELS)
    assert one.said == said
    return one


@pytest.mark.parametrize(
    ("said", "entities", "targets"),
    [
        ("Egyptian cat=stop", (0,), (0,)),
        (" egyptian-cats = STOP ", (0,), (0,)),
        ("n1=no entry", (1,), (1,)),
        ("yellow bus=no_entry", (1,), (1,)),
        ("crane=tench", (2, 3), (2,)),
        ("x=y=a=b", (4,), (3,)),
        ("x=y=stop", (4,), (0,)),
        ("!!!=???", (5,), (4,)),
        ("*=stop", tuple(range(len(ENTITIES))), (0,)),
    ],
)
def test_what_is_named_is_found(said: str, entities: tuple[int, ...], targets: tuple[int, ...]):
    one = resolve(said)
    assert (one.entities, one.targets, one.anywhere) == (entities, targets, False)


def test_any_label_is_anywhere():
    one = resolve("school bus=*")
    assert (one.entities, one.anywhere) == ((1,), True)
    assert one.targets == tuple(range(len(LABELS)))


@pytest.mark.parametrize(
    ("said", "lacking", "nearest"),
    [
        ("Egyptian dog=stop", "entity is named 'Egyptian dog'", "'Egyptian cat'"),
        ("school bus=stopp", "label is named 'stopp'", "'stop'"),
        ("cat=stop", "entity is named 'cat'", None),
        ("*=yield", "label is named 'yield'", None),
        ("zebra=*", "entity is named 'zebra'", None),
        ("stop", "entity is named 'stop'", None),
    ],
)
def test_what_is_not_there_is_refused_and_the_nearest_named(
    said: str, lacking: str, nearest: str | None
):
    with pytest.raises(UsageError) as caught:
        resolve(said)
    assert caught.value.exit_code is ExitCode.USAGE
    assert lacking in caught.value.message
    assert repr(said) in caught.value.message
    assert caught.value.hint.startswith("The nearest is ")
    assert nearest is None or nearest in caught.value.hint


def test_a_huge_label_neither_fills_the_hint_nor_stalls():
    with pytest.raises(UsageError) as caught:
        allowed_pairs(["*=stop"], ENTITIES, ["x" * 10**6] * 50)
    assert len(caught.value.hint) < 200


def test_without_a_label_there_is_no_nearest():
    with pytest.raises(UsageError) as caught:
        allowed_pairs(["*=stop"], ENTITIES, [])
    assert caught.value.hint
