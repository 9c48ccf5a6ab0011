"""The rows of a benchmark of repairs as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import mean

from auditor.lab.repairs.figures import Figure, by_method, is_gone, is_kept
from auditor.lab.repairs.record import Repaired
from auditor.lab.repairs.run import NAMES

NOTHING = "-"
BEFORE = "before"


def page_of(rows: Sequence[Repaired], made_by: str) -> str:
    """All tables: entity backdoors, patterns, and both by the amount of clean data.

    Args:
        rows: Of one run or several.
        made_by: The command.
    """
    parts = ["# Repair benchmark", _read_me(made_by)]
    order = {name: i for i, name in enumerate(NAMES)}
    rows = sorted(rows, key=lambda row: order.get(row.method, len(order)))
    for title, chosen in _slices(rows).items():
        parts += [f"## {title}", _methods(chosen), "Accuracy / attack success, means over seeds:"]
        parts.append(_victims(chosen))
    return "\n\n".join(parts) + "\n"


def _read_me(made_by: str) -> str:
    return (
        "Every method repairs the same victims with the same clean images, steps and batch, on "
        "one thread. *Gone*: attack success is at most 5 points above what clean fine-tunes of "
        "the same setting show for the same pictures. *Kept*: accuracy fell by 2 points at most "
        "against the backdoored model. Success is measured on pictures of the trigger that no "
        "method saw, accuracy on images that neither tuned nor chose. The mapping of an entity "
        "is known to the methods, as a scan would name it; that of a pattern is not, so that "
        "accuracy alone chooses the weights that are kept. Brackets hold 95 % intervals over "
        f"victims (bootstrap). `from-scratch` is the control: fresh weights, same data, same "
        f"steps. Raw rows: `repair.json`. Made by {made_by}."
    )


def _slices(rows: Sequence[Repaired]) -> Mapping[str, list[Repaired]]:
    found: dict[str, list[Repaired]] = {}
    for pattern, trigger in ((False, "Entity backdoors"), (True, "Patterns")):
        mine = [row for row in rows if row.pattern is pattern]
        for each in sorted({row.per_class for row in mine}, reverse=True):
            chosen = [row for row in mine if row.per_class == each]
            found[f"{trigger}, {each} clean images a class"] = chosen
    return found


def _methods(rows: Sequence[Repaired]) -> str:
    victims = len({row.victim for row in rows})
    seeds = len({row.seed for row in rows})
    steps = sorted({(row.steps, row.batch) for row in rows})
    budget = ", ".join(f"{count} steps of {batch} images" for count, batch in steps)
    header = ["method", "repairs", "gone", "kept", "both", "accuracy", "success", "CPU s"]
    before = {(row.victim, row.seed): row for row in rows}.values()
    first = [
        *(BEFORE, str(len(before)), NOTHING, NOTHING, NOTHING),
        f"{mean(row.accuracy_before for row in before):.3f}",
        f"{mean(row.success_before for row in before):.3f} "
        f"(natural {mean(row.natural for row in before):.3f})",
        NOTHING,
    ]
    lines = [
        [
            f"{found.method}{f' ({found.failed} diverged)' if found.failed else ''}",
            str(found.repairs),
            *(_share(each) for each in (found.gone, found.kept, found.both)),
            *(_value(each) for each in (found.accuracy, found.success)),
            f"{found.cpu_seconds:.0f}",
        ]
        for found in by_method(rows)
    ]
    return f"{victims} victims, {seeds} seeds, {budget}.\n\n" + table(header, [first, *lines])


def _victims(rows: Sequence[Repaired]) -> str:
    methods = dict.fromkeys(row.method for row in rows)
    lines = []
    for victim in sorted({row.victim for row in rows}):
        mine = [row for row in rows if row.victim == victim]
        cells = [_cell([row for row in mine if row.method == name]) for name in methods]
        lines.append(
            [
                *(victim, f"{mine[0].natural:.2f}"),
                f"{mean(r.accuracy_before for r in mine):.2f} / {mine[0].success_before:.2f}",
                *cells,
            ]
        )
    return table(["victim", "natural", BEFORE, *methods], lines)


def _cell(rows: Sequence[Repaired]) -> str:
    """Bold where every seed repaired it at the accepted loss."""
    if not rows:
        return NOTHING
    text = f"{mean(row.accuracy for row in rows):.2f} / {mean(row.success for row in rows):.2f}"
    return f"**{text}**" if all(is_gone(row) and is_kept(row) for row in rows) else text


def _share(figure: Figure) -> str:
    low, high = figure.interval
    return f"{100 * figure.value:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _value(figure: Figure) -> str:
    low, high = figure.interval
    return f"{figure.value:.3f} [{low:.3f}, {high:.3f}]"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
