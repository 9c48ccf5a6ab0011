"""The report for a job summary and for a comment on a pull request: GitHub's Markdown.

GitHub cuts a comment off above 65,536 characters and drops a job summary above 1 MiB. So the
page has room for every finding's row and for details as far as they go: where it gets too long,
the mildest findings lose their details first, then their rows, and the page says how many.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from auditor.output import wording
from auditor.output.coverage import coverage_rows, grouped_skips, of_planned
from auditor.output.escaping import NAME_LIMIT, code_for_markdown, for_markdown
from auditor.output.file_findings import EXPLAINED, file_finding_lines
from auditor.output.markdown_findings import details, row
from auditor.output.markdown_repair import repair_lines
from auditor.output.markdown_tables import bullets
from auditor.output.report_v1 import ReportV1
from auditor.output.rerun import command_lines, scanned_source
from auditor.output.standing import counts_line, gate_of, why_passed
from auditor.output.verdict import explained
from auditor.types import Severity

MOST_CHARACTERS = 65_000
MOST_LINES = 12  # of skips, of notices and of what was looked at
_COMMAND_LIMIT = 4000
_COMMAND_WIDTH = 100
_TABLE = [
    "| | severity | finding | class | p | fails the gate |",
    "| ---: | --- | --- | --- | ---: | --- |",
]


def render(report: ReportV1) -> str:
    """The report as Markdown of at most `MOST_CHARACTERS`."""
    tail = _tail(report)
    head = _head(report, MOST_CHARACTERS - len("\n".join(tail)) - 2000)
    room = MOST_CHARACTERS - len("\n".join([*head, *tail])) - 1000
    return "\n".join([*head, *_findings(report, room), *tail]) + "\n"


def _head(report: ReportV1, room: int) -> list[str]:
    done = report.remediation
    if done is None:
        return _verdict(report, "## auditor:")
    scanned = "model" if done.output is None else "repaired model"
    scan = _verdict(report, f"## Scan of the {scanned}:")
    return [*repair_lines(report, done, room - len("\n".join(scan))), *scan]


def _verdict(report: ReportV1, title: str) -> list[str]:
    verdict = explained(report)
    facts = [f"model: {code_for_markdown(scanned_source(report) or 'unknown', 300)}"]
    if verdict.remedy:
        facts.insert(0, f"remedy: {for_markdown(verdict.remedy, 600)}")
    if report.model is not None:
        base = report.model.base
        named = wording.pinned(base.source, base.revision) if base else None
        facts.append(f"base: {code_for_markdown(named, 300) if named else 'unknown'}")
        facts.append(f"sha256: {code_for_markdown(report.model.digest)}")
    if report.model_score is not None:
        p = wording.p_value(report.model_p_value)
        score = wording.number(report.model_score)
        facts.append(f"score: {score} of 1 (higher is more suspect), p = {p}")
    return [
        f"{title} {report.verdict}",
        "",
        f"**{for_markdown(verdict.says, 600)}**",
        "",
        for_markdown(verdict.means, 600),
        "",
        *(f"- {fact}" for fact in facts),
        "",
    ]


def _findings(report: ReportV1, room: int) -> list[str]:
    if not report.findings:
        return []
    gate = gate_of(report)
    names = {entity.id: entity.name for entity in report.entities}
    numbered = list(enumerate(report.findings, start=1))
    # What fails the gate stays longest, then what is gravest, then what stands first.
    order = sorted(
        numbered,
        key=lambda each: (why_passed(each[1], gate) is not None, -Severity(each[1].severity).rank),
    )
    rows = _that_fit(((at, row(at, each, gate)) for at, each in order), room)
    room -= sum(len(line) + 1 for line in rows.values())
    told = [each for each in order if each[0] in rows]
    pages = _that_fit(((at, details(at, each, names)) for at, each in told), room)
    return [
        "### Findings",
        "",
        *_TABLE,
        *(rows[at] for at in sorted(rows)),
        "",
        *(pages[at] for at in sorted(pages)),
        *_left_out(len(numbered) - len(rows), len(rows) - len(pages)),
    ]


def _that_fit(pieces: Iterable[tuple[int, str]], room: int) -> dict[int, str]:
    """The first pieces that fit together, in the order given, by their number."""
    kept = {}
    for at, piece in pieces:
        room -= len(piece) + 1
        if room < 0:
            break
        kept[at] = piece
    return kept


def _left_out(omitted: int, shortened: int) -> list[str]:
    said = []
    if omitted:
        said.append(f"{wording.counted(omitted, 'finding')} not listed")
    if shortened:
        said.append(f"{wording.counted(shortened, 'finding')} listed without details")
    if not said:
        return []
    return [
        f"**The page is full: {' and '.join(said)}, the mildest ones.** "
        "`auditor report convert` shows them all from the JSON report.",
        "",
    ]


def _tail(report: ReportV1) -> list[str]:
    looked_at = [f"{name or 'and for'}: {line}" for name, line in coverage_rows(report)]
    skips = grouped_skips(report.skips) or ["Nothing was skipped."]
    in_files = [*file_finding_lines(report), EXPLAINED]
    return [
        *(bullets("Findings in files", in_files, MOST_LINES) if report.file_findings else []),
        *bullets("Looked at", looked_at, MOST_LINES),
        *bullets("Not looked at, or not decided", skips, MOST_LINES),
        *bullets("Notices", report.notices, MOST_LINES),
        *_cost(report),
        *_rerun(report),
        f"Findings that do not fail the gate: {counts_line(report)}.",
    ]


def _cost(report: ReportV1) -> list[str]:
    cost = report.cost
    passes = wording.counted(cost.forward_passes, "forward pass", "forward passes")
    device = for_markdown(f"{cost.device}, engine {cost.engine}", NAME_LIMIT)
    spent = (
        f"{cost.probes:,} probes{of_planned(cost)} in {passes}, {wording.duration(cost.seconds)}, "
        f"{wording.size(cost.peak_rss_bytes)} at the peak, on {device}"
    )
    by = for_markdown(f"{report.started} by {report.tool.name} {report.tool.version}", NAME_LIMIT)
    return ["### Cost", "", f"{spent}. Scanned {by}.", ""]


def _rerun(report: ReportV1) -> list[str]:
    command = "\n".join(command_lines(report, _COMMAND_WIDTH))
    if len(command) > _COMMAND_LIMIT:
        command = "# The command is too long for this page: see settings in the JSON report."
    # No run of backticks inside a block may be as long as its fence.
    longest = max((len(run) for run in re.findall("`+", command)), default=0)
    fence = "`" * max(3, longest + 1)
    return ["### Run it again", "", f"{fence}console", command, fence, ""]
