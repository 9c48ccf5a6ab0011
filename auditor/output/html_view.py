"""A report as the page shows it: what comes in which order, and what is said where it is missing.

Strings of the report stay as they are here; `auditor.output.html` makes them fit when a template
prints them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.output import wording
from auditor.output.coverage import SkipGroup, coverage_rows, of_planned, skip_groups
from auditor.output.file_findings import file_finding_lines
from auditor.output.html_findings import FindingView, findings_of, names_of
from auditor.output.html_plots import CalibrationPlot, calibration_plot, called_beyond
from auditor.output.html_repair import RepairView, repair_facts, repair_of
from auditor.output.html_routing import RoutingView, routing_of
from auditor.output.html_verdict import VerdictView, repair_verdict, verdict_of
from auditor.output.repair_wording import original
from auditor.output.report_v1 import CalibrationV1, ReportV1
from auditor.output.rerun import command_lines, scanned_source

MOST_PAIRS = 10
COMMAND_WIDTH = 88
SCAN_AGAIN = "the report was written before auditor stored it, and a new scan of the model has it"


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingView:
    """One kind of evidence on the scale of benign models; `above` of them show as much."""

    kind: str
    statistic: str
    standing: float
    above: int
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationView:
    """The plot of p-values, the sentence that says the same, and its table."""

    null: str
    models: int
    sentence: str
    plot: CalibrationPlot | None
    rows: tuple[StandingView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PageView:
    """Everything that the page shows, in its order; `why_no_...` say what is missing and why."""

    report: ReportV1
    title: str
    verdict: VerdictView
    scan: VerdictView
    repair: RepairView | None
    facts: tuple[tuple[str, str], ...]
    identity: tuple[tuple[str, str], ...]
    names: dict[str, str]
    findings: tuple[FindingView, ...]
    findings_left_out: int
    file_findings: tuple[str, ...]
    why_no_findings: str
    routing: RoutingView | None
    why_no_routing: str
    calibration: CalibrationView | None
    why_no_calibration: str
    cost: tuple[tuple[str, str], ...]
    coverage: tuple[tuple[str, tuple[str, ...]], ...]
    skips: tuple[SkipGroup, ...]
    command: str


def page_of(report: ReportV1) -> PageView:
    """The page of a report."""
    findings, done = findings_of(report), report.remediation
    verdict = verdict_of(report) if done is None else repair_verdict(done)
    source = scanned_source(report) if done is None else original(done)
    return PageView(
        report=report,
        title=f"{verdict.verdict}: {source or 'unknown model'}",
        verdict=verdict,
        scan=verdict_of(report),
        repair=None if done is None else repair_of(report, done),
        facts=_facts(report) if done is None else repair_facts(report, done),
        identity=_identity(report),
        names=names_of(report),
        findings=findings,
        findings_left_out=len(report.findings) - len(findings),
        file_findings=tuple(file_finding_lines(report)),
        why_no_findings=_why_no_findings(report),
        routing=routing_of(report, MOST_PAIRS),
        why_no_routing=SCAN_AGAIN if report.evidence else "nothing was measured",
        calibration=_calibration(report),
        why_no_calibration=_why_no_calibration(report),
        cost=_cost(report),
        coverage=_coverage(report),
        skips=tuple(skip_groups(report.skips)),
        command="\n".join(command_lines(report, COMMAND_WIDTH)),
    )


def _facts(report: ReportV1) -> tuple[tuple[str, str], ...]:
    """The few numbers that a reader looks for first."""
    found = []
    if report.model_p_value is not None:
        found.append(("p-value of the model", wording.p_value(report.model_p_value)))
    if report.model_score is not None:
        found.append(("score, 0 to 1", wording.number(report.model_score)))
    if report.entities:
        found.append(("entities asked about", f"{len(report.entities):,}"))
    if report.model is not None:
        found.append(("classes", f"{len(report.model.labels):,}"))
    if report.cost.probes:
        found.append(("probes", f"{report.cost.probes:,}"))
    return (*found, ("not looked at, or not decided", f"{len(report.skips):,}"))


def _identity(report: ReportV1) -> tuple[tuple[str, str], ...]:
    found = [("Model", scanned_source(report) or "unknown")]
    if model := report.model:
        labels = wording.counted(len(model.labels), "class", "classes")
        base = wording.pinned(model.base.source, model.base.revision) if model.base else "unknown"
        found += [
            ("Kind", f"{model.architecture}, {model.task}, {labels}"),
            ("Base", base),
            ("Weights", f"{model.format}, SHA-256 {model.digest}"),
        ]
    tool = f"{report.tool.name} {report.tool.version}"
    return (*found, ("Scanned", f"{report.started} to {report.finished}, by {tool}"))


def _why_no_findings(report: ReportV1) -> str:
    if report.verdict == "not-audited":
        return (
            "None, but that says nothing: the model was not audited. The section on what was not "
            "looked at has the reasons."
        )
    return (
        f"No kind of evidence was called at false-positive rate {report.false_positive_rate:g}. "
        "The strongest pairs are listed below all the same."
    )


def _calibration(report: ReportV1) -> CalibrationView | None:
    calibration = report.calibration
    if calibration is None or not calibration.benign:
        return None
    rows = _standings(report, calibration)
    return CalibrationView(
        null=calibration.null,
        models=len(calibration.benign),
        sentence=_calibration_sentence(report, calibration, rows),
        plot=calibration_plot(calibration, report.false_positive_rate),
        rows=rows,
    )


def _standings(report: ReportV1, calibration: CalibrationV1) -> tuple[StandingView, ...]:
    statistics = {one.kind: one.statistic for one in report.evidence}
    smallest: dict[str, float] = {}
    for one in report.evidence:
        if one.p_value is not None:
            smallest[one.kind] = min(one.p_value, smallest.get(one.kind, 1.0))
    rows = [
        StandingView(
            kind=kind,
            statistic=statistics.get(kind, ""),
            standing=at,
            above=sum(value >= at for value in calibration.benign),
            p_value=smallest.get(kind),
        )
        for kind, at in calibration.standings.items()
        if at is not None
    ]
    return tuple(sorted(rows, key=lambda row: -row.standing))


def _calibration_sentence(
    report: ReportV1, calibration: CalibrationV1, rows: Sequence[StandingView]
) -> str:
    models = len(calibration.benign)
    edge = called_beyond(calibration.benign, report.false_positive_rate)
    reach = (
        "so few that no value would be called at this false-positive rate"
        if edge is None
        else f"what stands above {edge:.2f} is called at false-positive rate "
        f"{report.false_positive_rate:g}"
    )
    opening = f"There are {models:,} benign fine-tunes to compare with: {reach}."
    if not rows:
        return opening
    first = rows[0]
    compared = f"{first.above:,} of the {models:,} benign fine-tunes reach that"
    return (
        f"{opening} The strongest evidence of this model, {first.kind}, stands "
        f"{first.standing:.2f} spreads above the middle benign fine-tune; {compared}."
    )


def _why_no_calibration(report: ReportV1) -> str:
    if not report.evidence:
        return "nothing was measured"
    if any(one.p_value is not None for one in report.evidence):
        return SCAN_AGAIN
    reasons = [one.why_undecided for one in report.evidence if one.why_undecided]
    return reasons[0] if reasons else "no p-value could be given"


def _coverage(report: ReportV1) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Rows of one name, which the terminal shows on lines of their own, under that name."""
    found: list[tuple[str, tuple[str, ...]]] = []
    for name, value in coverage_rows(report):
        if name or not found:
            found.append((name.capitalize(), (value,)))
        else:
            found[-1] = (found[-1][0], (*found[-1][1], value))
    return tuple(found)


def _cost(report: ReportV1) -> tuple[tuple[str, str], ...]:
    cost = report.cost
    passes = wording.counted(cost.forward_passes, "forward pass", "forward passes")
    time = wording.duration(cost.seconds)
    if cost.seconds > 0 and cost.probes:
        time += f", {wording.percent(cost.seconds_model / cost.seconds)} of it in the model"
    return (
        ("Probes", f"{cost.probes:,}{of_planned(cost)} in {passes}"),
        ("Time", time),
        ("Memory", f"{wording.size(cost.peak_rss_bytes)} at the peak"),
        ("Ran on", f"{cost.device}, engine {cost.engine}"),
    )
