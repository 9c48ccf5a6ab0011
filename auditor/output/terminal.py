"""The report for a person: the verdict first, then what a decision on it rests on.

Rich lays the text out. It never reads markup from it, and everything foreign has gone through
`escaping` before it gets here. Only ASCII of our own is used, so that a log shows what a
terminal shows.
"""

from __future__ import annotations

from rich.console import RenderableType
from rich.text import Text

from auditor.output import wording
from auditor.output.convert_v1 import to_v1
from auditor.output.coverage import coverage_rows, grouped_skips, of_planned
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.file_findings import EXPLAINED, MOST_FILE_FINDINGS, file_finding_lines
from auditor.output.layout import (
    WIDEST,
    bullets,
    hanging,
    heading,
    lines_of,
    paragraph,
    rows,
    table,
)
from auditor.output.report_v1 import CostV1, ReportV1
from auditor.output.rerun import command_lines, scanned_source
from auditor.output.standing import counts_line
from auditor.output.terminal_findings import (
    MOST_EXAMPLES,
    MOST_FINDINGS,
    MOST_FURTHER_EVIDENCE,
    WHAT_P_MEANS,
    findings_blocks,
)
from auditor.output.terminal_repair import repair_blocks
from auditor.output.verdict import explained
from auditor.types import Report

MOST_PAIRS = 10
MOST_SKIPS = 12
MOST_NOTICES = 12

_VERDICT_STYLES = {
    "backdoor-evidence": "bold red",
    "no-evidence": "bold",
    "not-audited": "bold yellow",
}


def render(report: Report | ReportV1, *, width: int, color: bool) -> str:
    """The report as lines of at most `width` columns; with `color`, ANSI styles around words.

    Raises:
        ValueError: The report breaks its own contract, such as a finding without evidence.
    """
    document = to_v1(report)
    columns = min(width, WIDEST)
    return lines_of(_blocks(document, columns), width=columns, color=color)


def _blocks(report: ReportV1, width: int) -> list[RenderableType]:
    done = report.remediation
    return [
        *([] if done is None else repair_blocks(report, done)),
        *_verdict(report),
        *findings_blocks(report),
        *_file_findings(report),
        *_ranking(report),
        *_coverage(report),
        *_cost(report),
        *heading("RUN IT AGAIN"),
        *(Text(line) for line in command_lines(report, width)),
        *_footer(report),
    ]


def _verdict(report: ReportV1) -> list[RenderableType]:
    verdict = explained(report)
    word = Text(report.verdict, style=_VERDICT_STYLES[report.verdict])
    remedy = [("remedy", prose_for_terminal(verdict.remedy, 300))] if verdict.remedy else []
    return [
        hanging(word, Text(prose_for_terminal(verdict.says, 300), style="bold")),
        Text(),
        Text(verdict.means),
        Text(),
        rows([*remedy, *_identity(report)], indent=0),
    ]


def _identity(report: ReportV1) -> list[tuple[str, str]]:
    found = [("model", scanned_source(report) or "unknown")]
    if model := report.model:
        labels = wording.counted(len(model.labels), "class", "classes")
        kind = f"{for_terminal(model.architecture)}, {for_terminal(model.task)}, {labels}"
        base = wording.pinned(model.base.source, model.base.revision) if model.base else "unknown"
        found += [("kind", kind), ("base", base), ("weights", for_terminal(model.format, 40))]
        found.append(("sha256", for_terminal(model.digest)))
    if report.model_score is not None:
        score = f"{wording.number(report.model_score)} of 1 (higher is more suspect)"
        p = report.model_p_value
        found.append(("score", f"{score}, p = {wording.p_value(p)}" if p is not None else score))
    started, finished = for_terminal(report.started, 40), for_terminal(report.finished, 40)
    tool = f"{for_terminal(report.tool.name, 40)} {for_terminal(report.tool.version, 40)}"
    return [*found, ("scanned", f"{started} to {finished}, by {tool}")]


def _file_findings(report: ReportV1) -> list[RenderableType]:
    if not report.file_findings:
        return []
    lines = [prose_for_terminal(line, 900) for line in file_finding_lines(report)]
    return [
        *heading("FINDINGS IN FILES"),
        bullets(lines),
        Text(),
        paragraph(EXPLAINED, style="dim"),
    ]


def _ranking(report: ReportV1) -> list[RenderableType]:
    if not report.ranking:
        return []
    lines = [
        (
            for_terminal(pair.entity.name, 60),
            wording.target(pair.target),
            wording.number(pair.effect),
            wording.p_value(pair.p_value),
        )
        for pair in report.ranking[:MOST_PAIRS]
    ]
    title = f"STRONGEST PAIRS ({len(lines)} of {len(report.ranking):,} reported, called or not)"
    blocks = [*heading(title), table(("entity", "class", "effect", "p"), lines, numbers=2)]
    if not report.findings:
        blocks += [Text(), paragraph(WHAT_P_MEANS, style="dim")]
    return blocks


def _coverage(report: ReportV1) -> list[RenderableType]:
    skips = grouped_skips(report.skips)
    shown = skips[:MOST_SKIPS] or ["Nothing was skipped."]
    blocks = [
        *heading("LOOKED AT"),
        rows(coverage_rows(report)),
        *heading("NOT LOOKED AT, OR NOT DECIDED"),
        bullets(shown) if skips else paragraph(shown[0]),
    ]
    if report.notices:
        notices = [prose_for_terminal(notice, 500) for notice in report.notices]
        blocks += [*heading("NOTICES"), bullets(notices[:MOST_NOTICES])]
    return blocks


def _cost(report: ReportV1) -> list[RenderableType]:
    cost = report.cost
    passes = wording.counted(cost.forward_passes, "forward pass", "forward passes")
    pairs = [
        ("probes", f"{cost.probes:,}{of_planned(cost)} in {passes}"),
        ("time", _time(cost)),
        ("memory", f"{wording.size(cost.peak_rss_bytes)} at the peak"),
        ("ran on", f"{for_terminal(cost.device, 60)}, engine {for_terminal(cost.engine, 60)}"),
    ]
    if cost.seconds > 0 and cost.probes:
        is_text = report.model is not None and report.model.task.startswith("text")
        speed = wording.number(cost.probes / cost.seconds)
        pairs.insert(2, ("speed", f"{speed} {'texts' if is_text else 'images'} per second"))
    return [*heading("COST"), rows(pairs)]


def _time(cost: CostV1) -> str:
    if cost.seconds <= 0 or not cost.probes:
        return wording.duration(cost.seconds)
    share = cost.seconds_model / cost.seconds
    return f"{wording.duration(cost.seconds)}, {wording.percent(share)} of it in the model"


def _footer(report: ReportV1) -> list[RenderableType]:
    left_out = [wording.counted(count, what) for count, what in _left_out(report) if count > 0]
    hidden = "Nothing is left out here."
    if left_out:
        hidden = f"Left out here: {', '.join(left_out)}. --output json=PATH writes all of it."
    counts = f"Findings that do not fail the gate: {counts_line(report)}."
    return [Text(), Text(counts), Text(hidden)]


def _left_out(report: ReportV1) -> list[tuple[int, str]]:
    findings = report.findings[:MOST_FINDINGS]
    evidence_shown = sum(min(len(each.evidence), 1 + MOST_FURTHER_EVIDENCE) for each in findings)
    return [
        (len(report.findings) - MOST_FINDINGS, "finding"),
        (len(report.file_findings) - MOST_FILE_FINDINGS, "finding in a file"),
        (sum(max(0, len(each.examples) - MOST_EXAMPLES) for each in findings), "example"),
        (len(report.ranking) - MOST_PAIRS, "ranked pair"),
        (len(report.evidence) - evidence_shown, "measurement"),
        (len(grouped_skips(report.skips)) - MOST_SKIPS, "skip group"),
        (len(report.notices) - MOST_NOTICES, "notice"),
    ]
