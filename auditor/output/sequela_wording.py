"""What reports say of sequela, the same in every format that a person reads. Escaped here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output import wording
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.sequela_v1 import ChangeV1, HarmV1, SequelaV1

OF_CLASS = "accuracy.class-"
MEASURE_COLUMNS = ("measure", "before", "after", "change", "95 % interval", "reference", "worse if")
CLASS_COLUMNS = ("accuracy of", "before", "after", "change", "interval", "reference", "worse if")
COMPONENT_COLUMNS = (
    *("component", "worst measure", "before", "after", "change", "95 % interval", "reference"),
    *("harm", "harm's interval"),
)
CLASSES_TOGETHER = "The intervals of all classes hold together at 95 %."
WHAT_HARM_MEANS = (
    "Harm: how far a component became worse, from 0 to 1; getting better in one never pays for "
    "another. Score: the worst harm, raised by the mean of the others."
)
NOT_SCORED = "not scored"
MOST_COMPONENTS = 24  # of a foreign report; auditor has eight


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """A component of the score: its harm and the measure it was read from.

    Without a harm, `change` is its first measure, if there is one, and `why` says what is missing.
    """

    name: str
    harm: HarmV1 | None
    measure: str
    change: ChangeV1 | None
    why: str


def components(sequela: SequelaV1) -> list[Component]:
    """Worst first, then those that could not be scored. Not escaped."""
    scored = [
        Component(
            name=harm.component,
            harm=harm,
            measure=harm.measure,
            change=sequela.measures.get(harm.measure),
            why="",
        )
        for harm in sequela.harms[:MOST_COMPONENTS]
    ]
    found = [*scored, *(_missing(sequela, name) for name in sequela.missing[:MOST_COMPONENTS])]
    return found[:MOST_COMPONENTS]


def _missing(sequela: SequelaV1, name: str) -> Component:
    own = [each for each in sequela.measures if each == name or each.startswith(f"{name}.")]
    measure = next((each for each in own if each.endswith(".mean")), own[0] if own else "")
    reasons = [skip.reason for skip in sequela.skips if skip.subject.partition(".")[0] == name]
    reasons += [skip.reason for skip in sequela.skips if skip.subject == "sequela"]
    return Component(
        name=name,
        harm=None,
        measure=measure,
        change=sequela.measures.get(measure),
        why=reasons[0] if reasons else "the report does not say why",
    )


def score_line(sequela: SequelaV1) -> str:
    """The score with its ends, and how much of it is known."""
    if sequela.sequela_score is None:
        return "unknown: no component could be scored"
    measured, missing = len(sequela.harms), len(sequela.missing)
    at_least = "at least " if missing else ""
    low, high = wording.number(sequela.low), wording.number(sequela.high)
    return (
        f"{at_least}{wording.number(sequela.sequela_score)} of 1 (higher is worse), from {low} to "
        f"{high}; {measured} of {measured + missing} components scored"
    )


def gravest_line(sequela: SequelaV1) -> str:
    """The component that became worst; empty where none was scored."""
    if not sequela.harms:
        return ""
    worst = sequela.harms[0]
    if not worst.value:
        return "No component that was scored became worse."
    return f"Worst: {for_terminal(worst.component)}, harm {wording.number(worst.value)}."


def component_row(of: Component) -> tuple[str, ...]:
    """One line of the table of components."""
    empty = ("-",) * 5
    numbers = empty if of.change is None else measure_row("", of.change)[1:6]
    harm = of.harm
    return (
        for_terminal(of.name),
        for_terminal(of.measure) if of.measure else "-",
        *numbers,
        NOT_SCORED if harm is None else wording.number(harm.value),
        "-" if harm is None else f"{wording.number(harm.low)} to {wording.number(harm.high)}",
    )


def measures(sequela: SequelaV1) -> list[tuple[str, ChangeV1]]:
    """All measures but those of single classes. Not escaped."""
    return [(name, c) for name, c in sequela.measures.items() if not name.startswith(OF_CLASS)]


def classes_worst_first(sequela: SequelaV1) -> list[ChangeV1]:
    """The accuracy of single classes, those first that lost most."""
    changes = [c for name, c in sequela.measures.items() if name.startswith(OF_CLASS)]
    return sorted(changes, key=lambda change: 0.0 if change.delta is None else change.delta)


def measure_row(name: str, change: ChangeV1) -> tuple[str, ...]:
    """One line of a table of measures; the name has to be escaped already."""
    return (
        name,
        value(change.before),
        value(change.after),
        signed(change.delta),
        interval(change),
        value(change.reference),
        change.worse,
    )


def skip_lines(sequela: SequelaV1) -> list[str]:
    """What was not measured is no good news, and stands beside what was."""
    return [
        f"{for_terminal(skip.subject)}: {prose_for_terminal(skip.reason, 300).rstrip('.')}. "
        f"{prose_for_terminal(skip.remedy, 200)}".strip()
        for skip in sequela.skips
    ]


def value(number: float | None) -> str:
    """A measured value; a dash where there is none."""
    return "-" if number is None else wording.number(number)


def signed(number: float | None) -> str:
    """A difference with its sign."""
    return "-" if number is None else f"{round(number, 6) + 0.0:+.3g}"


def interval(change: ChangeV1) -> str:
    """The interval of a difference."""
    if change.low is None or change.high is None:
        return "-"
    return f"{signed(change.low)} to {signed(change.high)}"


def with_more(lines: Sequence[str], most: int) -> list[str]:
    """The first lines, and how many are left out."""
    hidden = len(lines) - most
    more = [f"and {hidden:,} more, in the JSON report"] if hidden > 0 else []
    return [*lines[:most], *more]
