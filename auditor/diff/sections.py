"""A difference in words, section by section, for a person; each medium lays it out.

Nothing here is escaped: that is for the medium.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.diff.compare import Difference
from auditor.output import wording
from auditor.output.report_v1 import FileFindingV1, FindingV1, ReportV1


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A title and what stands under it, a line each."""

    title: str
    lines: tuple[str, ...]


def headline(difference: Difference, fail_on: str) -> str:
    """What happened, in one line."""
    if difference.after.verdict == "not-audited":
        return "the later report is not-audited: it does not say what became of the findings"
    in_files = difference.files.new
    if not difference.new and not in_files:
        return "no new findings"
    failing = len(difference.failing(fail_on)) + len(difference.files.failing(fail_on))
    new = wording.counted(len(difference.new) + len(in_files), "new finding")
    where = f" ({len(in_files):,} in files)" if in_files else ""
    return f"{new}{where}, {failing:,} at or above --fail-on {fail_on} and not suppressed"


def identities(difference: Difference) -> list[tuple[str, str]]:
    """Which two reports are compared, and their verdicts."""
    before, after = difference.before, difference.after
    return [
        ("before", _identity(before)),
        ("after", _identity(after)),
        (
            "verdict",
            before.verdict
            if before.verdict == after.verdict
            else f"{before.verdict} -> {after.verdict}",
        ),
    ]


def sections(difference: Difference) -> list[Section]:
    """Everything that is to be said, without what is empty."""
    found = [
        Section(
            title="NEW",
            lines=tuple(
                _line(new.finding)
                + (f"; the earlier report has it, but {new.beyond}" if new.beyond else "")
                for new in difference.new
            ),
        ),
        Section(
            title="NEW IN FILES",
            lines=tuple(
                _of_file(new.finding) + (f"; {new.beyond}" if new.beyond else "")
                for new in difference.files.new
            ),
        ),
        Section(
            title="CHANGED",
            lines=tuple(
                f"{_line(each.after)}: {'; '.join(each.changes)}" for each in difference.changed
            ),
        ),
        Section(title="GONE", lines=tuple(_line(finding) for finding in difference.gone)),
        Section(
            title="GONE FROM FILES",
            lines=tuple(_of_file(finding) for finding in difference.files.gone),
        ),
        Section(
            title="NOT LOOKED AT AGAIN",
            lines=(
                *(f"{_line(each.finding)}: {each.reason}" for each in difference.unseen),
                *(f"{_of_file(each.finding)}: {each.reason}" for each in difference.files.unseen),
            ),
        ),
        Section(title="LOOKED AT IN ONE REPORT ONLY", lines=difference.coverage),
        Section(title="NOTICES", lines=difference.remarks),
    ]
    return [section for section in found if section.lines]


def closing(difference: Difference) -> str:
    """What is not listed."""
    same = difference.same + difference.files.same
    return f"{wording.counted(same, 'finding')} unchanged, not listed here."


def _identity(report: ReportV1) -> str:
    model = report.model
    if model is None:
        return f"no model could be loaded; {report.finished}"
    named = model.source.partition("@")[0] if model.revision else model.source
    pinned = (
        f"{named}@{model.revision}" if model.revision else f"{named}, sha256 {model.digest[:12]}"
    )
    return f"{pinned}, scanned {report.finished}"


def _line(finding: FindingV1) -> str:
    names = [entity.name for entity in finding.entities]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    label = finding.target.label
    target = f"class {finding.target.index}" if label is None else f'"{label}"'
    hidden = " (suppressed)" if finding.suppressed is not None else ""
    return (
        f"{finding.severity} {finding.rule_id}: {shown or 'the bank as a whole'} -> {target}, "
        f"p = {wording.p_value(finding.p_value)}, {finding.fingerprint}{hidden}"
    )


def _of_file(finding: FileFindingV1) -> str:
    hidden = " (suppressed)" if finding.suppressed is not None else ""
    return f"{finding.severity} {finding.rule_id}: {finding.summary} {finding.fingerprint}{hidden}"
