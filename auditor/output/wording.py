"""Numbers and names as a reader wants to see them; every foreign string is escaped here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.parts_v1 import TargetV1
from auditor.output.report_v1 import EvidenceV1, FindingV1

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """`1 finding`, `2 findings`, `1,200 probes`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def number(value: float | None) -> str:
    """A measured value to three digits."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def p_value(value: float | None) -> str:
    """A p-value to two digits; `-` where there is none."""
    return "-" if value is None else f"{value:.2g}"


def size(count: int) -> str:
    """`1.9 GiB`."""
    amount = float(count)
    for unit in _UNITS[:-1]:
        if amount < 1024:
            return f"{amount:.3g} {unit}"
        amount /= 1024
    return f"{amount:.3g} {_UNITS[-1]}"


def duration(seconds: float) -> str:
    """`41.3 s`, and in words a person plans with from two minutes on."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    hours, rest = divmod(minutes, 60)
    return f"{seconds:,.0f} s ({hours} h {rest} min)" if hours else f"{seconds:,.0f} s ({rest} min)"


def target(of: TargetV1, limit: int = 60) -> str:
    """A class as `"stop sign" (class 14)`."""
    if of.label is None:
        return f"class {of.index}"
    return f'"{for_terminal(of.label, limit)}" (class {of.index})'


def pinned(source: str, revision: str | None, limit: int = 300) -> str:
    """`org/name@commit`, whatever revision was asked for; a local path as it is."""
    if revision is None:
        return for_terminal(source, limit)
    return for_terminal(f"{source.partition('@')[0]}@{revision}", limit)


def some(names: Sequence[str], most: int) -> str:
    """The first names, and how many there are if that is not all of them."""
    shown = ", ".join(for_terminal(name, 60) for name in names[:most])
    hidden = len(names) - most
    return f"{shown} and {hidden:,} more" if hidden > 0 else shown


def group(finding: FindingV1, names: Mapping[str, str], limit: int = 300) -> str:
    """The group that explains a finding; too long a one ends at a whole name.

    Args:
        finding: A finding that has a group.
        names: Names of entities by their id.
        limit: Most characters.
    """
    told = prose_for_terminal(finding.group or "")
    what, opened, rest = told.partition(" (")
    _, closed, tested = rest.rpartition("): ")
    if len(told) <= limit or not opened or not closed:
        return prose_for_terminal(told, limit)
    members = [names.get(id, id) for id in finding.group_entities]
    for most in range(len(members), 0, -1):
        shorter = f"{what} ({some(members, most)}): {tested}"
        if len(shorter) <= limit:
            return shorter
    return prose_for_terminal(f"{what}: {tested}", limit)


def effect(of: EvidenceV1) -> str:
    """A value, never without its interval and what it is compared with."""
    measured = f"{for_terminal(of.statistic, 60)} {number(of.value)}"
    interval = f"95 % interval {number(of.low)} to {number(of.high)}"
    compared = (
        "with no benign fine-tunes to compare with"
        if of.baseline is None
        else f"against {number(of.baseline)} in benign fine-tunes"
    )
    seen = counted(of.observations, "observation")
    return f"{measured} ({interval}) {compared}, {seen}"


def measured(of: EvidenceV1, finding: FindingV1, names: Mapping[str, str]) -> str:
    """The effect, and which entity shows it where a finding about several has it from one."""
    if len(of.entities) != 1 or len(finding.entities) < 2:
        return effect(of)
    (id,) = of.entities
    return f"{for_terminal(names.get(id, id), 60)}: {effect(of)}"


def utc(time: str) -> str | None:
    """A time as `2026-03-02T09:14:07Z`; None where it is none, or has no time zone."""
    try:
        said = datetime.fromisoformat(time)
        if said.tzinfo is None:
            return None
        return f"{said.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='seconds')}Z"
    except (ValueError, OverflowError):
        return None


def percent(share: float) -> str:
    """`1 %`."""
    return f"{100 * share:.3g} %"
