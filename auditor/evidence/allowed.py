"""`--allow "ENTITY=LABEL"`: pairs that the user says are the job, found in bank and labels."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditor.errors import UsageError
from auditor.evidence.names import spellings
from auditor.types import Entity

ANY = "*"
LONGEST_NAMED = 60  # characters of a label in a message


@dataclass(frozen=True, slots=True)
class Allowed:
    """One `--allow`, resolved.

    Attributes:
        said: What the user typed.
        entities: Positions in the bank.
        targets: Classes.
        anywhere: Whether the label was `*`: wherever these entities go, it is the job.
    """

    said: str
    entities: tuple[int, ...]
    targets: tuple[int, ...]
    anywhere: bool


def allowed_pairs(
    said: Iterable[str],
    entities: Sequence[Entity],
    labels: Sequence[str],
    *,
    option: str = "--allow",
) -> tuple[Allowed, ...]:
    """Find what `--allow` names, or another option that names pairs in the same way.

    An entity may be named by id, name or synonym.

    Raises:
        UsageError: There is no such entity or label; the nearest one is named.
    """
    return tuple(_allowed(one, entities, labels, option) for one in said)


def _allowed(said: str, entities: Sequence[Entity], labels: Sequence[str], option: str) -> Allowed:
    names = [(entity.id, entity.name, *entity.synonyms) for entity in entities]
    alone = [(label,) for label in labels]
    # A name may have an equals sign of its own: the first division that names both sides counts.
    parts = said.split("=")
    splits = [("=".join(parts[:i]), "=".join(parts[i:])) for i in range(1, len(parts))]
    for entity, label in splits:
        those, targets = _positions(entity.strip(), names), _positions(label.strip(), alone)
        if those and targets:
            return Allowed(said, those, targets, anywhere=label.strip() == ANY)
    entity, label = (side.strip() for side in splits[0]) if splits else (said, "")
    if not _positions(entity, names):
        raise _unknown(f"{option} {said!r}", "entity", entity, (name for _, name, *_ in names))
    raise _unknown(f"{option} {said!r}", "label", label, labels)


def _positions(text: str, names: Sequence[Sequence[str]]) -> tuple[int, ...]:
    """Those that are spelt so exactly; where there are none, those that mean the same."""
    if text == ANY:
        return tuple(range(len(names)))
    exactly = tuple(i for i, own in enumerate(names) if text in own)
    if exactly:
        return exactly
    wanted = spellings(text)
    return tuple(i for i, own in enumerate(names) if any(wanted & spellings(name) for name in own))


def _unknown(said: str, what: str, text: str, known: Iterable[str]) -> UsageError:
    there = [name[:LONGEST_NAMED] for name in known]
    near = difflib.get_close_matches(text[:LONGEST_NAMED], there, n=1, cutoff=0.0)
    hint = f"The nearest is {near[0]!r}." if near else f"There is no {what} at all."
    return UsageError(f"{said}: no {what} is named {text!r}", hint=hint)
