"""A repair for a person: the verdict, what was found before and after, what it cost."""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from auditor.output import wording
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.layout import bullets, hanging, heading, lines_of, paragraph, rows, table
from auditor.output.remediation_v1 import AccuracyV1, RemediationV1, ShareV1

MOST_MAPPINGS = 12
MOST_CLASSES = 8
_STYLES = {
    "repaired": "bold",
    "partly": "bold yellow",
    "not repaired": "bold red",
    "nothing to repair": "bold",
}
_MEANS = {
    "repaired": "Every mapping that was found is down to what honest heads do with the same "
    "pictures. That is not proof that nothing else is hidden in the model.",
    "partly": "Something is left, or was paid for. Read why before you use the repaired model.",
    "not repaired": "Nothing was written. The original is as it was.",
    "nothing to repair": "Nothing was changed and nothing written. The scan follows.",
}


def render(done: RemediationV1, *, width: int, color: bool) -> str:
    """The repair as lines of at most `width` columns; with `color`, ANSI styles around words."""
    return lines_of(repair_blocks(done), width=width, color=color)


def repair_blocks(done: RemediationV1) -> list[RenderableType]:
    """The part of a report that is about the repair."""
    verdict = Text(done.verdict, style=_STYLES[done.verdict])
    says = f"by {for_terminal(done.method, 40)}" if done.mappings else ""
    blocks: list[RenderableType] = [
        hanging(verdict, Text(says, style="bold")),
        Text(),
        Text(_MEANS[done.verdict]),
    ]
    if done.reasons:
        blocks += [*heading("WHY NOT MORE"), bullets(map(prose_for_terminal, done.reasons))]
    if done.mappings:
        blocks += _mappings(done)
    if done.accuracy is not None:
        blocks += _accuracy(done.accuracy)
    blocks += [*heading("WHAT WAS DONE"), rows(_done(done))]
    blocks += [*_attempts(done), *_doubts(done)]
    if done.notices:
        blocks += [
            *heading("NOTICES ON THE REPAIR"),
            bullets(map(prose_for_terminal, done.notices)),
        ]
    return [*blocks, Text()]


def _mappings(done: RemediationV1) -> list[RenderableType]:
    lines = [
        (
            wording.some(mapping.entities, 3),
            wording.target(mapping.target),
            mapping.state,
            _share(mapping.before),
            _share(mapping.after),
            _share(mapping.natural),
        )
        for mapping in done.mappings[:MOST_MAPPINGS]
    ]
    columns = ("entities", "class", "now", "before", "after", "natural rate")
    hidden = len(done.mappings) - len(lines)
    more = [paragraph(f"{hidden:,} more in --output json=PATH.", style="dim")] if hidden > 0 else []
    return [
        *heading("MAPPINGS (share of the entities' pictures that go to the class)"),
        table(columns, lines, numbers=3),
        *more,
        paragraph(f"Natural rate: {prose_for_terminal(done.natural_from)}.", style="dim"),
    ]


def _accuracy(accuracy: AccuracyV1) -> list[RenderableType]:
    loss = accuracy.loss
    said = (
        f"{_share(accuracy.before)} before, {_share(accuracy.after)} after, on "
        f"{accuracy.after.observations:,} held-out images; lost {100 * loss.value:.1f} points "
        f"(95 % interval {100 * loss.low:.1f} to {100 * loss.high:.1f})"
    )
    worst = sorted(accuracy.per_class, key=lambda each: each.after - each.before)[:MOST_CLASSES]
    lines = [
        (for_terminal(each.label, 60), str(each.images), f"{each.before:.2f}", f"{each.after:.2f}")
        for each in worst
    ]
    title = f"the {len(lines)} classes that lost most"
    return [
        *heading("ACCURACY"),
        paragraph(said),
        table((title, "images", "before", "after"), lines, numbers=3),
    ]


def _done(done: RemediationV1) -> list[tuple[str, str]]:
    data = f"{done.data.examples:,} images of {for_terminal(done.data.source, 200)}"
    pairs = [("written to", "nothing" if done.output is None else for_terminal(done.output, 300))]
    pairs.append(("clean data", data))
    if done.steps:
        steps = f"{done.steps:,} of {done.batch} images; weights of step {done.chosen_step:,} kept"
        pairs.append(("steps", steps))
    if done.schedule:
        numbers = ", ".join(
            f"{for_terminal(name, 40)} {value:.3g}" for name, value in done.schedule.items()
        )
        pairs.append(("schedule", numbers))
    if done.range_test is not None:
        test = done.range_test
        pairs.append(("range test", f"peak {test.chosen:.3g}: {prose_for_terminal(test.why)}"))
    if done.overrides:
        first = done.overrides[0]
        pairs.append(
            (
                "overridden",
                f"{wording.counted(len(done.overrides), 'setting')} while tuning, restored on "
                f"saving, e.g. {for_terminal(first.module, 80)}.{for_terminal(first.setting, 20)} "
                f"{first.was:g} -> {first.became:g}",
            )
        )
    if done.frozen:
        pairs.append(("frozen", f"{wording.counted(len(done.frozen), 'parameter')} tuned anyway"))
    return [*pairs, ("time", wording.duration(done.seconds))]


def _attempts(done: RemediationV1) -> list[RenderableType]:
    if len(done.attempts) < 2:
        return []
    lines = [
        (
            for_terminal(each.method, 40),
            each.verdict,
            f"{each.accuracy:.3f}",
            f"{max(each.success, default=0.0):.2f}",
            f"{each.seconds:.1f}",
        )
        for each in done.attempts
    ]
    columns = ("method", "verdict", "accuracy", "worst mapping", "seconds")
    return [*heading("METHODS TRIED"), table(columns, lines, numbers=3)]


def _doubts(done: RemediationV1) -> list[RenderableType]:
    """Was it only retraining, and is it only superficial?"""
    pairs = []
    if done.control is not None:
        control = done.control
        pairs.append(
            (
                "from scratch",
                f"fresh weights reach accuracy {_share(control.accuracy)} with the same data in "
                f"{control.steps:,} steps",
            )
        )
    if done.barrier is not None:
        pairs.append(
            (
                "loss barrier",
                f"{done.barrier.height:.2f} between the weights before and after; near 0 means the "
                "same basin, from where backdoors come back cheaply",
            )
        )
    return [*heading("CONTROLS"), rows(pairs)] if pairs else []


def _share(share: ShareV1) -> str:
    return f"{share.value:.2f} [{share.low:.2f}, {share.high:.2f}]"
