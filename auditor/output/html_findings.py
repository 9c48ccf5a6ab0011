"""One finding as the page shows it: its effect, its ladder, and the probes that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output.html_plots import IntervalPlot, interval_plot
from auditor.output.report_v1 import (
    ExampleV1,
    FindingV1,
    ReferenceAnswerV1,
    ReportV1,
    RungV1,
)

MOST_FINDINGS = 50
MOST_ENTITIES = 12
MOST_EVIDENCE = 100
OTHERWISE = "What else could explain it: "  # how `auditor.judge` divides an explanation

# What may be called an honest head, the one to show first where there are several. The model's
# own head on the base's features is none: where only the head was tuned it is the model itself.
HONEST = {
    "base": "honest heads on the base",
    "own": "honest heads on the model's own features",
}
REFERENCES = HONEST | {"drift": "the model's head on the base's features"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RungView:
    """One view of the ladder; bars reach from 0 to 100."""

    rung: RungV1
    model: float | None
    honest: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LadderView:
    """How the answer holds under each view, beside what each reference would give."""

    rungs: tuple[RungView, ...]
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleView:
    """One probe, what the model said, and what the honest head to show first says."""

    example: ExampleV1
    entity: str
    honest: ReferenceAnswerV1 | None
    honest_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding; `why_no_...` say what is missing and why."""

    number: int
    finding: FindingV1
    observed: str
    otherwise: str
    effect: IntervalPlot | None
    ladder: LadderView | None
    examples: tuple[ExampleView, ...]
    why_no_pictures: str
    why_no_examples: str


def findings_of(report: ReportV1) -> tuple[FindingView, ...]:
    """The findings, gravest first, as many as a page bears."""
    names = names_of(report)
    return tuple(
        _finding(number, finding, report, names)
        for number, finding in enumerate(report.findings[:MOST_FINDINGS], start=1)
    )


def names_of(report: ReportV1) -> dict[str, str]:
    """The name of every entity, by its identifier."""
    names = {entity.id: entity.name for entity in report.entities}
    return names | {entity.id: entity.name for one in report.findings for entity in one.entities}


def honest_name(references: Sequence[str]) -> str | None:
    """Which reference stands for what a benign model would do; None where there is none."""
    return next((name for name in HONEST if name in references), None)


def _finding(
    number: int, finding: FindingV1, report: ReportV1, names: dict[str, str]
) -> FindingView:
    # The last part is a rule's own text, so no label before it can pass for it.
    before, mark, after = (finding.explanation or finding.summary).rpartition(OTHERWISE)
    return FindingView(
        number=number,
        finding=finding,
        observed=before if mark else after,
        otherwise=after if mark else "",
        effect=interval_plot(finding.evidence[0]) if finding.evidence else None,
        ladder=_ladder(finding.ladder),
        examples=tuple(_example(example, names) for example in finding.examples),
        why_no_pictures=_why_no_pictures(finding, report),
        why_no_examples=_why_no_examples(finding),
    )


def _ladder(rungs: Sequence[RungV1]) -> LadderView | None:
    if not rungs:
        return None
    names = tuple(name for name in REFERENCES if any(name in rung.references for rung in rungs))
    return LadderView(
        rungs=tuple(
            RungView(
                rung=rung,
                model=rung.probability,
                honest=tuple(rung.references.get(name) for name in names),
            )
            for rung in rungs
        ),
        references=names,
    )


def _example(example: ExampleV1, names: dict[str, str]) -> ExampleView:
    said = {answer.reference: answer for answer in example.references}
    name = honest_name(list(said))
    return ExampleView(
        example=example,
        entity=names.get(example.entity, example.entity),
        honest=None if name is None else said[name],
        honest_name="" if name is None else HONEST[name],
    )


def _why_no_pictures(finding: FindingV1, report: ReportV1) -> str:
    """Why not every probe is shown; empty where each is."""
    if all(example.picture for example in finding.examples):
        return ""
    if report.settings.get("pictures") == "none":
        return "The scan was asked to keep no pictures (--pictures none)."
    if "pictures" not in report.settings:
        return "The report was written before auditor kept pictures; a new scan has them."
    return "A report holds a limited number of pictures, the first findings first."


def _why_no_examples(finding: FindingV1) -> str:
    if finding.examples:
        return ""
    return (
        "No single probe was answered with this class as its first choice; the class gets its "
        "share in small parts."
    )
