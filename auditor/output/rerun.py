"""How to run the scan of a report again: a command line that can be pasted into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from pydantic import JsonValue

from auditor.output import wording
from auditor.output.escaping import for_terminal
from auditor.output.report_v1 import ReportV1

# What changes the result, in the order of `auditor scan --help`. The rest is in the JSON.
_SETTINGS = (
    "base",
    "entities",
    "clean_data",
    "split",
    "image_column",
    "label_column",
    "depth",
    "plan",
    "max_probes",
    "patterns",
    "fpr",
    "fail_on",
    "baseline",
    "engine",
    "device",
    "precision",
    "batch_size",
    "seed",
    "rules",
    "allow",
    "pictures",
    "config",
    "offline",
    "timeout",
    "trust",
)
# The same of `auditor remediate`.
_OUT = "out"  # of a repair alone, which may have ended before there was anything to tell of it
_OF_A_REPAIR = (
    *(_OUT, "clean_data", "method", "report", "mapping", "base", "entities", "split"),
    *("image_column", "label_column", "per_class", "steps", "max_steps", "batch"),
    *("lr_base", "lr_max1", "lr_max2", "up", "down", "phase1", "max_accuracy_loss", "control"),
    *("barrier", "sequela", "members", "members_split", "reference"),
    *("depth", "patterns", "fpr", "fail_on", "device", "seed", "offline", "timeout"),
)
_SWITCHED_OFF = ("barrier",)  # is on unless `--no-` stands before it
_LIMIT = 300


def scanned_source(report: ReportV1) -> str | None:
    """What was scanned, at the commit it was scanned at; None where nobody recorded it."""
    if report.model is not None:
        return wording.pinned(report.model.source, report.model.revision, _LIMIT)
    named = report.settings.get("model")
    return for_terminal(named, _LIMIT) if isinstance(named, str) else None


def command_lines(report: ReportV1, width: int) -> list[str]:
    """`auditor scan ...`, or `auditor remediate ...` of a repair, joined by backslashes.

    Args:
        report: The report.
        width: Most columns of a line.
    """
    if (done := report.remediation) is not None:
        command, settings = "remediate", done.settings
        model = wording.pinned(done.model.source, done.model.revision, _LIMIT)
    else:
        command = "remediate" if _OUT in report.settings else "scan"
        settings, model = report.settings, scanned_source(report) or "MODEL"
    groups = [["auditor", command, shlex.quote(model)]]
    for name in _OF_A_REPAIR if command == "remediate" else _SETTINGS:
        groups.extend(_option(name, settings.get(name)))
    return _wrapped([" ".join(group) for group in groups], width)


def _option(name: str, value: JsonValue) -> list[list[str]]:
    flag = "--" + name.replace("_", "-")
    if name in _SWITCHED_OFF:
        return [[f"--no-{flag[2:]}"]] if value is False else []
    if value is None or value is False or isinstance(value, dict):
        return []
    if value is True:
        return [[flag]]
    if isinstance(value, list):
        return [group for item in value for group in _option(name, item)]
    return [[flag, shlex.quote(for_terminal(str(value), _LIMIT))]]


def _wrapped(groups: Sequence[str], width: int) -> list[str]:
    """A line that is cut inside a word goes on in column 0, where a shell joins it again."""
    lines = [groups[0]]
    for group in groups[1:]:
        if len(lines[-1]) + len(f" {group} \\") <= width:
            lines[-1] += f" {group}"
        else:
            lines.append(f"  {group}")
    pieces = []
    for line in lines:
        *whole, rest = _cut(line, width - 1)
        pieces += [f"{piece}\\" for piece in whole]
        pieces.append(f"{rest} \\" if len(rest) + 2 <= width else f"{rest}\\")
    return [*pieces[:-1], pieces[-1].removesuffix("\\").rstrip()]


def _cut(line: str, room: int) -> list[str]:
    return [line[at : at + room] for at in range(0, len(line), room)]
