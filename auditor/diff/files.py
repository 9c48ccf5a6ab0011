"""What became of findings in files: of a rule and a path, whatever the content.

The fingerprint of such a finding holds for one content. Another content of the same file is a new
finding that says so: nobody has looked at it yet.
"""

from __future__ import annotations

from dataclasses import dataclass

from auditor.gate import fails
from auditor.output.report_v1 import FileFindingV1, ReportV1

_OTHER_CONTENT = "the earlier report has it, but of another content of the file"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewInFile:
    """A finding in a file that the earlier report does not have; `beyond` if of other content."""

    finding: FileFindingV1
    beyond: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenInFile:
    """A finding in a file on which the later report says nothing, and why."""

    finding: FileFindingV1
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDifference:
    """Findings in files of two reports beside each other; `same` counts those of both."""

    new: tuple[NewInFile, ...]
    gone: tuple[FileFindingV1, ...]
    unseen: tuple[UnseenInFile, ...]
    same: int

    def failing(self, fail_on: str) -> list[NewInFile]:
        """New ones at or above the gate that nobody has suppressed."""
        return [
            new
            for new in self.new
            if new.finding.suppressed is None and fails(new.finding.severity, fail_on)
        ]


def compare_files(before: ReportV1, after: ReportV1) -> FileDifference:
    """What is new in files, gone from them, and not looked at again."""
    earlier = {each.fingerprint for each in before.file_findings}
    places = {_place(each) for each in before.file_findings}
    later = {_place(each) for each in after.file_findings}
    new = [each for each in after.file_findings if each.fingerprint not in earlier]
    missing = [each for each in before.file_findings if _place(each) not in later]
    reason = _why_unseen(after)
    return FileDifference(
        new=tuple(
            NewInFile(finding=each, beyond=_OTHER_CONTENT if _place(each) in places else None)
            for each in new
        ),
        gone=() if reason else tuple(missing),
        unseen=tuple(UnseenInFile(finding=each, reason=reason) for each in missing)
        if reason
        else (),
        same=len(after.file_findings) - len(new),
    )


def _place(finding: FileFindingV1) -> tuple[str, str]:
    return finding.rule_id, finding.file.path


def _why_unseen(after: ReportV1) -> str | None:
    """Why the later report says nothing of files that it does not name."""
    if not after.listing:
        return "files were not looked at"
    return "the scan ended before all files were looked at" if after.model is None else None
