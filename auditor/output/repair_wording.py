"""What reports say of a repair, the same in every format that a person reads. Escaped here."""

from __future__ import annotations

from auditor.output import wording
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.remediation_v1 import (
    AccuracyV1,
    ClassAccuracyV1,
    RemediationV1,
    RepairedMappingV1,
    ShareV1,
)
from auditor.output.report_v1 import ReportV1
from auditor.output.verdict import ExplainedVerdict

MAPPINGS = "Mappings (share of the entities' pictures that go to the class)"
MAPPING_COLUMNS = ("entities", "class", "now", "before", "after", "natural rate")
ATTEMPT_COLUMNS = ("method", "verdict", "accuracy", "worst mapping", "seconds")
_MEANS = {
    "repaired": "Every mapping that was found is down to what honest heads do with the same "
    "pictures. That is not proof that nothing else is hidden in the model.",
    "partly": "Something is left, or was paid for. Read why before you use the repaired model.",
    "not repaired": "Nothing was written. The original is as it was.",
    "nothing to repair": "Nothing was changed and nothing written. The scan follows.",
}


def explained_repair(done: RemediationV1) -> ExplainedVerdict:
    """The verdict of a repair in words. Not escaped."""
    gone = sum(mapping.state == "gone" for mapping in done.mappings)
    all_of_them = wording.counted(len(done.mappings), "mapping")
    says = {
        "repaired": f"{all_of_them} down to the natural rate, by {done.method}",
        "partly": f"{gone} of {all_of_them} down to the natural rate, by {done.method}",
        "not repaired": f"{gone} of {all_of_them} down to the natural rate, by {done.method} at "
        "the best",
        "nothing to repair": "no mapping was found or named",
    }
    return ExplainedVerdict(says=says[done.verdict], means=_MEANS[done.verdict])


def share(of: ShareV1) -> str:
    """`0.93 [0.90, 0.95]`."""
    return f"{of.value:.2f} [{of.low:.2f}, {of.high:.2f}]"


def original(done: RemediationV1) -> str:
    """The model that was repaired, at its commit."""
    return wording.pinned(done.model.source, done.model.revision)


def mapping_row(mapping: RepairedMappingV1) -> tuple[str, ...]:
    """One line of the table of mappings."""
    return (
        wording.some(mapping.entities, 3),
        wording.target(mapping.target),
        mapping.state,
        share(mapping.before),
        share(mapping.after),
        share(mapping.natural),
    )


def natural_line(done: RemediationV1) -> str:
    """Whose answer the natural rates are."""
    return f"Natural rate: {prose_for_terminal(done.natural_from)}."


def accuracy_line(accuracy: AccuracyV1) -> str:
    """Accuracy before and after, and what was lost or gained."""
    loss = accuracy.loss
    if loss.value < 0:
        change, low, high = "gained", -loss.high, -loss.low
    else:
        change, low, high = "lost", loss.low, loss.high
    return (
        f"before {share(accuracy.before)}, after {share(accuracy.after)}, on "
        f"{accuracy.after.observations:,} held-out images; {change} {100 * abs(loss.value):.1f} "
        f"points (95 % interval {100 * low:.1f} to {100 * high:.1f})"
    )


def classes_worst_first(accuracy: AccuracyV1) -> list[ClassAccuracyV1]:
    """The classes, those first that lost most."""
    return sorted(accuracy.per_class, key=lambda each: each.after - each.before)


def class_row(of: ClassAccuracyV1) -> tuple[str, ...]:
    """One line of the table of classes."""
    return (for_terminal(of.label, 60), str(of.images), f"{of.before:.2f}", f"{of.after:.2f}")


def done_rows(done: RemediationV1) -> list[tuple[str, str]]:
    """What was done to which model with which data."""
    data = f"{done.data.examples:,} images of {for_terminal(done.data.source, 200)}"
    pairs = [
        ("repaired", f"{original(done)}, sha256 {for_terminal(done.model.digest)}"),
        ("written to", "nothing" if done.output is None else for_terminal(done.output, 300)),
        ("clean data", f"{data}; {done.data.held_out:,} others judge"),
    ]
    if done.steps:
        steps = f"{done.steps:,} of {done.batch} images; weights of step {done.chosen_step:,} kept"
        pairs.append(("steps", steps))
    if done.schedule:
        numbers = (f"{for_terminal(name, 40)} {at:.3g}" for name, at in done.schedule.items())
        pairs.append(("schedule", ", ".join(numbers)))
    if (test := done.range_test) is not None:
        pairs.append(("range test", f"peak {test.chosen:.3g}: {prose_for_terminal(test.why)}"))
    return [*pairs, *_settings_of_training(done), ("time", wording.duration(done.seconds))]


def _settings_of_training(done: RemediationV1) -> list[tuple[str, str]]:
    """What the checkpoint said of training, and was not heeded."""
    pairs = []
    if done.overrides:
        first = done.overrides[0]
        said = (
            f"{wording.counted(len(done.overrides), 'setting')} while tuning, restored on "
            f"saving, e.g. {for_terminal(first.module, 80)}.{for_terminal(first.setting, 20)} "
            f"{first.was:g} -> {first.became:g}"
        )
        pairs.append(("overridden", said))
    if done.frozen:
        pairs.append(("frozen", f"{wording.counted(len(done.frozen), 'parameter')} tuned anyway"))
    return pairs


def attempt_rows(done: RemediationV1) -> list[tuple[str, ...]]:
    """Every method that was tried."""
    return [
        (
            for_terminal(each.method, 40),
            each.verdict,
            f"{each.accuracy:.3f}",
            f"{max(each.success, default=0.0):.2f}",
            f"{each.seconds:.1f}",
        )
        for each in done.attempts
    ]


def doubt_rows(done: RemediationV1) -> list[tuple[str, str]]:
    """Was it only retraining, and is it only superficial?"""
    pairs = []
    if (control := done.control) is not None:
        said = (
            f"fresh weights reach accuracy {share(control.accuracy)} with the same data in "
            f"{control.steps:,} steps"
        )
        pairs.append(("from scratch", said))
    if (barrier := done.barrier) is not None:
        height = "not finite" if barrier.height is None else f"{barrier.height:.2f}"
        said = (
            f"{height} between the weights before and after; near 0 means the same basin, from "
            "where backdoors come back cheaply"
        )
        pairs.append(("loss barrier", said))
    return pairs


def why_no_sequela(report: ReportV1) -> str:
    """Why a report of a repair says nothing of what was left behind."""
    done = report.remediation
    if done is None or done.verdict == "nothing to repair":
        return "nothing was changed"
    if done.output is None:
        return "nothing was written that could be compared with the original"
    if done.settings.get("sequela") == "none":
        return "it was not asked for (--sequela none)"
    return "the report does not have it; `auditor sequela` measures it from the two models"
