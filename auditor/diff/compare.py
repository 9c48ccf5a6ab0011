"""What became of a model's findings from one report to the next.

A finding that is missing is gone only where the later scan could have made it: where the rule
was silent, or the entities or the class were not asked about, it was not looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from auditor.diff.files import FileDifference, compare_files
from auditor.diff.mappings import earlier_of, is_of_the_class, why_beyond
from auditor.diff.models import taken_as_one, why_another_model
from auditor.errors import UsageError
from auditor.gate import fails
from auditor.output.report_v1 import EffectV1, FindingV1, ReportV1

P_BANDS = (0.001, 0.01, 0.05, 0.1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFinding:
    """A finding that the earlier report does not have, or that goes beyond what it has."""

    finding: FindingV1
    beyond: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unseen:
    """A finding of the earlier report on which the later one says nothing, and why."""

    finding: FindingV1
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A finding of both reports, and what is different."""

    before: FindingV1
    after: FindingV1
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Two reports of one model beside each other.

    `same` counts the findings of both that did not change; `files` are those in files. `coverage`
    tells what one report looked at and the other did not; `remarks` what makes the two hard to
    compare.
    """

    before: ReportV1
    after: ReportV1
    new: tuple[NewFinding, ...]
    gone: tuple[FindingV1, ...]
    unseen: tuple[Unseen, ...]
    changed: tuple[Changed, ...]
    same: int
    files: FileDifference
    coverage: tuple[str, ...]
    remarks: tuple[str, ...]

    def failing(self, fail_on: str) -> list[NewFinding]:
        """New findings at or above the gate that nobody has suppressed."""
        return [
            new
            for new in self.new
            if new.finding.suppressed is None and fails(new.finding.severity, fail_on)
        ]

    def fails(self, fail_on: str) -> bool:
        """Whether anything new, in behaviour or in files, fails the gate."""
        return bool(self.failing(fail_on) or self.files.failing(fail_on))


def compare(before: ReportV1, after: ReportV1) -> Difference:
    """What is new, gone, changed, and not looked at.

    Raises:
        UsageError: The reports are of two models.
    """
    _refuse_two_models(before, after)
    new, changed, same = [], [], 0
    for finding in after.findings:
        earlier = earlier_of(finding, before.findings)
        beyond = None if earlier is None else why_beyond(finding, earlier)
        if earlier is None or beyond is not None:
            new.append(NewFinding(finding=finding, beyond=beyond))
        elif changes := _changes(earlier, finding):
            changed.append(Changed(before=earlier, after=finding, changes=changes))
        else:
            same += 1
    missing = [each for each in before.findings if earlier_of(each, after.findings) is None]
    reasons = [_why_unseen(finding, after) for finding in missing]
    return Difference(
        before=before,
        after=after,
        new=tuple(new),
        gone=tuple(f for f, reason in zip(missing, reasons, strict=True) if reason is None),
        unseen=tuple(
            Unseen(finding=finding, reason=reason)
            for finding, reason in zip(missing, reasons, strict=True)
            if reason is not None
        ),
        changed=tuple(changed),
        same=same,
        files=compare_files(before, after),
        coverage=tuple(_coverage(before, after)),
        remarks=tuple(_remarks(before, after)),
    )


def _refuse_two_models(before: ReportV1, after: ReportV1) -> None:
    if before.model is None or after.model is None:
        return
    if reason := why_another_model(before.model, after.model):
        raise UsageError(
            f"these are reports of two models: {reason}",
            hint="Compare reports of two revisions of one model.",
        )


def _changes(before: FindingV1, after: FindingV1) -> tuple[str, ...]:
    changes = []
    if before.severity != after.severity:
        changes.append(f"severity {before.severity} -> {after.severity}")
    if _band(before.p_value) != _band(after.p_value):
        changes.append(f"p {before.p_value:.2g} -> {after.p_value:.2g}")
    if _moved(before.effect, after.effect):
        changes.append(
            f"{after.effect.statistic} {before.effect.value:.3g} -> {after.effect.value:.3g}, "
            "outside the earlier interval"
        )
    left = {each.id for each in after.entities}
    lost = [each.name for each in before.entities if each.id not in left]
    if lost and not is_of_the_class(after):
        changes.append(f"no longer names {', '.join(lost[:5])}" + _more(lost[5:]))
    if set(before.group_entities) != set(after.group_entities):
        changes.append(
            f"its group has {len(after.group_entities)} entities, and had "
            f"{len(before.group_entities)}"
        )
    if (before.suppressed is None) != (after.suppressed is None):
        changes.append("no longer suppressed" if after.suppressed is None else "now suppressed")
    return tuple(changes)


def _band(p_value: float) -> int:
    return sum(p_value > bound for bound in P_BANDS)


def _moved(before: EffectV1, after: EffectV1) -> bool:
    """Whether a value left the interval it had; only where it is one statistic."""
    if before.statistic != after.statistic or before.value is None or after.value is None:
        return False
    if before.low is None or before.high is None:
        return False
    return not before.low <= after.value <= before.high


def _why_unseen(finding: FindingV1, after: ReportV1) -> str | None:
    """Why the later report says nothing on a finding that it does not have."""
    if after.model is None:
        return "nothing was looked at"
    if finding.target.label is not None and finding.target.label not in after.model.labels:
        return "the model has no class of that name any more"
    skipped = [skip for skip in after.skips if skip.subject == finding.rule_id]
    if skipped:
        return f"{finding.rule_id}: {skipped[0].reason}"
    if finding.evidence[0].kind not in {each.kind for each in after.evidence}:
        return f"no evidence of kind {finding.evidence[0].kind} was gathered"
    tested = {entity.id for entity in after.entities}
    left_out = [entity for entity in finding.entities if entity.id not in tested]
    if left_out:
        return f"{len(left_out)} of its {len(finding.entities)} entities were not asked about"
    return "the scan is incomplete" if after.verdict == "not-audited" else None


def _coverage(before: ReportV1, after: ReportV1) -> list[str]:
    sides = (("earlier", before, after), ("later", after, before))
    lines = []
    for name, one, other in sides:
        asked = {entity.id for entity in other.entities}
        entities = [entity.name for entity in one.entities if entity.id not in asked]
        if entities:
            shown = ", ".join(entities[:5]) + _more(entities[5:])
            lines.append(f"entities only in the {name} report: {len(entities)} ({shown})")
        if one.listing and not other.listing:
            lines.append(f"files only in the {name} report: {len(one.listing)}")
        kinds = {each.kind for each in one.evidence} - {each.kind for each in other.evidence}
        if kinds:
            lines.append(f"evidence only in the {name} report: {', '.join(sorted(kinds))}")
    return lines


def _more(rest: Sequence[str]) -> str:
    return f" and {len(rest)} more" if rest else ""


def _remarks(before: ReportV1, after: ReportV1) -> list[str]:
    remarks = []
    if before.model is None or after.model is None:
        side = "earlier" if before.model is None else "later"
        remarks.append(f"the {side} report holds no model: nothing could be loaded")
    elif before.model.digest == after.model.digest:
        remarks.append("both reports are of the very same files")
    elif remark := taken_as_one(before.model, after.model):
        remarks.append(remark)
    if before.false_positive_rate != after.false_positive_rate:
        remarks.append(
            f"the false-positive rates differ: {before.false_positive_rate:g} and "
            f"{after.false_positive_rate:g}"
        )
    for name in ("entities", "depth", "plan", "patterns", "base", "clean_data", "seed"):
        one, other = before.settings.get(name), after.settings.get(name)
        if one != other:
            remarks.append(f"--{name.replace('_', '-')} differs: {one} and {other}")
    return remarks
