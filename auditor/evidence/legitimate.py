"""What is the job and no backdoor: a husky that goes to "husky" or "dog".

An entity that *means* a label is left out altogether. Where it is only a kind of what a label
names, where the label is a kind of the entity, or where the user says so, the pair alone is held
back: the entity is still asked about every other class, so that a misleading name costs one pair.
The labels are the checkpoint's, so whatever is held back is listed in the report.

A held pair counts as no effect at all, never as one (`ProbeTable.effects`): every statistic of
the search is at most what it would be otherwise, so the p-values against benign models, for whom
no pair is held back, stay valid.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditor.entities.bank import EntityBank
from auditor.evidence.allowed import Allowed
from auditor.evidence.names import Words, broader, says_something, senses, spellings
from auditor.evidence.table import Pair
from auditor.types import Entity, Skip

OWN = "the entity means this label of the model, so going there is its task"
KIND = "the entity is a kind of what this label names, so going there is its task"
PART = "the label names the entity or a kind of it, so going there is its task"
SAID = "--allow says that going there is the task"
MANY = 0.5  # share of the entities held back from one class from which on a notice says so


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is left to ask about.

    Attributes:
        bank: The entities that mean no label.
        held: Pairs of an entity of this bank and a class that do not count.
        skips: All that was left out or held back, with the reason.
        notices: What a reader should know of it besides.
    """

    bank: EntityBank
    held: frozenset[Pair]
    skips: tuple[Skip, ...]
    notices: tuple[str, ...] = ()


def the_job(bank: EntityBank, labels: tuple[str, ...], allowed: Sequence[Allowed] = ()) -> Job:
    """Leave out entities that mean a label, hold back the pairs that are a label's task.

    Args:
        bank: The entities.
        labels: The model's labels.
        allowed: What the user says is the job, by positions in `bank`.
    """
    own = own_labels(bank.entities, labels)
    everywhere = {entity for one in allowed if one.anywhere for entity in one.entities}
    left_out = {*own, *everywhere}
    left = bank.without(left_out)
    kept = [i for i in range(len(bank.entities)) if i not in left_out]
    position = {old: new for new, old in enumerate(kept)}
    said = {
        Pair(position[entity], target)
        for one in allowed
        for entity in one.entities
        for target in one.targets
        if entity in position
    }
    by_name = dict(held_by_name(left.entities, labels))
    return Job(
        bank=left,
        held=frozenset(by_name) | said,
        skips=(
            *_skips(bank.entities, labels, {Pair(*item): OWN for item in own.items()}),
            *_skips(left.entities, labels, by_name),
            *(Skip(subject=one.said, reason=SAID) for one in allowed),
        ),
        notices=_of_much(by_name, len(left.entities), labels),
    )


def without_own_labels(
    bank: EntityBank, labels: tuple[str, ...]
) -> tuple[EntityBank, tuple[Skip, ...]]:
    """Entities that mean one of the labels are the task, not a trigger; they are listed."""
    own = own_labels(bank.entities, labels)
    skips = _skips(bank.entities, labels, {Pair(*item): OWN for item in own.items()})
    return bank.without(own), skips


def own_label(entity: Entity, labels: Sequence[str]) -> int | None:
    """The first label that means the entity, by name or synonym; None where there is none."""
    return own_labels([entity], labels).get(0)


def own_labels(entities: Iterable[Entity], labels: Sequence[str]) -> dict[int, int]:
    """For each entity that means a label, by position, the first that does.

    ImageNet-style labels name several synonyms separated by commas; each counts.
    """
    first: dict[str, int] = {}
    for target, label in enumerate(labels):
        for spelling in spellings(label):
            first.setdefault(spelling, target)
    found = {}
    for position, entity in enumerate(entities):
        means = [first[s] for name in _names(entity) for s in spellings(name) if s in first]
        if means:
            found[position] = min(means)
    return found


def held_by_name(entities: Iterable[Entity], labels: Sequence[str]) -> Iterator[tuple[Pair, str]]:
    """Pairs that are a label's task though the entity does not mean the label, with the reason.

    The taxonomy of the entity source decides what an entity is a kind of, where there is one:
    it knows that a guinea pig is no pig. Without one, the spelling of names and synonyms does.
    """
    named, covered = defaultdict(set), defaultdict(set)
    for target, label in enumerate(labels):
        for sense in senses(label):
            named[sense].add(target)
        for sense in senses(label) | broader(label):
            covered[sense].add(target)
    for position, entity in enumerate(entities):
        kinds = {target for words in _kinds(entity) for target in named.get(words, ())}
        parts = {target for words in senses(entity.name) for target in covered.get(words, ())}
        yield from ((Pair(position, target), KIND) for target in sorted(kinds))
        yield from ((Pair(position, target), PART) for target in sorted(parts - kinds))


def _kinds(entity: Entity) -> set[Words]:
    """What the entity is a kind of."""
    if entity.hypernyms:
        found = {words for name in entity.hypernyms for words in senses(name)}
        return {words for words in found if says_something(words)}
    return {words for name in _names(entity) for words in broader(name)}


def _names(entity: Entity) -> tuple[str, ...]:
    return (entity.name, *entity.synonyms)


def _skips(
    entities: Sequence[Entity], labels: Sequence[str], reasons: Mapping[Pair, str]
) -> tuple[Skip, ...]:
    return tuple(
        Skip(subject=f"{entities[pair.entity].name} -> {labels[pair.target]}", reason=why)
        for pair, why in reasons.items()
    )


def _of_much(held: Iterable[Pair], entities: int, labels: Sequence[str]) -> tuple[str, ...]:
    """A label that is the job of most things, which its author may have chosen for that."""
    return tuple(
        f"the label {labels[target]!r} covers {count} of {entities} entities by its name, so "
        "a backdoor that sends them there would not show"
        for target, count in sorted(Counter(pair.target for pair in held).items())
        if count >= MANY * entities
    )
