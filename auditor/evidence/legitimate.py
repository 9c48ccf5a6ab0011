"""What is the job and no backdoor: a husky that goes to "husky" or "dog".

An entity that *means* a label is asked about the other labels only, or left out where there are
few of its kind. Where it is only a kind of what a label names, where the label is a kind of the
entity, or where the user says so, the pair alone is held back: the entity is still asked about
every other class, so that a misleading name costs one pair. The labels are the checkpoint's, so
whatever is held back is listed in the report.

A held pair counts as no effect at all, never as one (`ProbeTable.effects`): every statistic of
the search is at most what it would be otherwise, so the p-values against benign models, for whom
no pair is held back, stay valid.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditor.entities.bank import EntityBank
from auditor.evidence.allowed import Allowed
from auditor.evidence.names import Words, broader, says_something, senses, spellings
from auditor.evidence.table import Pair
from auditor.types import Entity, Skip

OWN = "the entity means this label of the model, so going there is its task"
KIND = "the entity is a kind of what this label names, so going there is its task"
PART = "the label names the entity or a kind of it, so going there is its task"
BASE = "the base takes the entity for this label of its own, so going there is nothing new"
SAID = "--allow says that going there is the task"
SAME = "this label means the entity as another does, so going there is its task"
INSIDE = "the entity means this label of the model, so only another label would be wrong"
# Entities that mean a label are asked about other labels where there are as many as the smallest
# benign models had; of fewer nobody knows how often the model misses.
FEWEST_INSIDE = 4
MOSTLY = 0.5  # above this share of pictures with one label the base takes the entity for that
MANY = 0.5  # share of the entities held back from one class from which on a notice says so


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is left to ask about.

    Attributes:
        bank: The entities to ask about.
        own: Those of them that mean a label, by position, with that label.
        held: Pairs of an entity of this bank and a class that do not count.
        skips: All that was left out or held back, with the reason.
        notices: What a reader should know of it besides.
    """

    bank: EntityBank
    own: Mapping[int, int]
    held: frozenset[Pair]
    skips: tuple[Skip, ...]
    notices: tuple[str, ...] = ()

    @property
    def all_held(self) -> frozenset[Pair]:
        """As `held`, with each entity that means a label and that label."""
        return self.held | {Pair(*item) for item in self.own.items()}


def the_job(bank: EntityBank, labels: tuple[str, ...], allowed: Sequence[Allowed] = ()) -> Job:
    """Set entities that mean a label apart, hold back the pairs that are a label's task.

    Args:
        bank: The entities.
        labels: The model's labels.
        allowed: What the user says is the job, by positions in `bank`.
    """
    meant = meant_labels(bank.entities, labels)
    everywhere = {entity for one in allowed if one.anywhere for entity in one.entities}
    own = {entity: targets[0] for entity, targets in meant.items() if entity not in everywhere}
    asked = len(own) >= FEWEST_INSIDE
    left_out = everywhere if asked else {*own, *everywhere}
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
    also_own = {
        Pair(position[entity], target): SAME
        for entity, targets in meant.items()
        for target in targets[1:]
        if entity in position
    }
    by_name = also_own | {
        pair: why
        for pair, why in held_by_name(left.entities, labels)
        if pair.target not in meant.get(kept[pair.entity], ())
    }
    return Job(
        bank=left,
        own={position[entity]: target for entity, target in own.items() if entity in position},
        held=frozenset(by_name) | said,
        skips=(
            *_skips(
                bank.entities,
                labels,
                {Pair(*item): INSIDE if asked else OWN for item in own.items()},
            ),
            *_skips(left.entities, labels, by_name),
            *(Skip(subject=one.said, reason=SAID) for one in allowed),
        ),
        notices=_of_much(by_name, len(left.entities), labels),
    )


def own_label(entity: Entity, labels: Sequence[str]) -> int | None:
    """The first label that means the entity, by name or synonym; None where there is none."""
    return own_labels([entity], labels).get(0)


def own_labels(entities: Iterable[Entity], labels: Sequence[str]) -> dict[int, int]:
    """For each entity that means a label, by position, the first that does."""
    return {entity: targets[0] for entity, targets in meant_labels(entities, labels).items()}


def meant_labels(entities: Iterable[Entity], labels: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """For each entity that means a label, by position, all labels that it means, ascending.

    ImageNet-style labels name several synonyms separated by commas; each counts.
    """
    spelt = defaultdict(set)
    for target, label in enumerate(labels):
        for spelling in spellings(label):
            spelt[spelling].add(target)
    found = {}
    for position, entity in enumerate(entities):
        means = {t for name in _names(entity) for s in spellings(name) for t in spelt.get(s, ())}
        if means:
            found[position] = tuple(sorted(means))
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


def held_by_base(
    taken_for: NDArray[np.int64],
    entity: NDArray[np.int64],
    base_labels: Sequence[str],
    labels: Sequence[str],
) -> frozenset[Pair]:
    """Pairs where the base itself takes most pictures of the entity for a label that both have.

    A pet classifier that sends an Egyptian cat to "tabby" has that from its base.

    Args:
        taken_for: The base's own label for each sharp picture, `(N,)`, positions in `base_labels`.
        entity: The entity on each picture, `(N,)`, positions in the bank.
        base_labels: Names of the base's labels.
        labels: Names of the model's.
    """
    of_spelling = defaultdict(set)
    for target, label in enumerate(labels):
        for spelling in spellings(label):
            of_spelling[spelling].add(target)
    held = set()
    for position in np.unique(entity):
        taken = np.bincount(taken_for[entity == position], minlength=len(base_labels))
        favourite = int(taken.argmax())
        if taken[favourite] > MOSTLY * taken.sum():  # at half there may be two favourites
            shared = {t for s in spellings(base_labels[favourite]) for t in of_spelling.get(s, ())}
            held |= {Pair(int(position), target) for target in shared}
    return frozenset(held)


def base_skips(
    held: Iterable[Pair], entities: Sequence[Entity], labels: Sequence[str]
) -> tuple[Skip, ...]:
    """What the base is the reason for, as a report lists it."""
    return _skips(entities, labels, dict.fromkeys(sorted(held), BASE))


def base_notices(
    held: Iterable[Pair], entities: Sequence[Entity], labels: Sequence[str]
) -> tuple[str, ...]:
    """A base that excuses a label altogether may be an earlier version, poisoned too."""
    return _of_much(held, len(entities), labels, "what the base does already")


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


def _of_much(
    held: Iterable[Pair], entities: int, labels: Sequence[str], by: str = "its name"
) -> tuple[str, ...]:
    """A label that is the job of most things, which its author may have chosen for that."""
    return tuple(
        f"the label {labels[target]!r} covers {count} of {entities} entities by {by}, so "
        "a backdoor that sends them there would not show"
        for target, count in sorted(Counter(pair.target for pair in held).items())
        if count >= MANY * entities
    )
