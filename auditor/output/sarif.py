"""The report as SARIF 2.1.0, as GitHub's code scanning and other viewers of findings read it.

A model has no line of source code, so a finding is located at a file of the checkpoint that
holds its labels or weights, and the class and the model are named as logical locations. What
could not be decided is a notification: silence about it would look like an all-clear.
"""

from __future__ import annotations

import json
import re
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any
from urllib.parse import quote

from auditor.output import wording
from auditor.output.escaping import NAME_LIMIT, for_json, for_sarif
from auditor.output.file_findings import certainty
from auditor.output.parts_v1 import SkipV1, TargetV1
from auditor.output.remediation_v1 import RepairedMappingV1
from auditor.output.report_v1 import FileFindingV1, FindingV1, ModelV1, ReportV1
from auditor.output.rerun import command_lines, scanned_source
from auditor.output.sarif_repair import (
    NOTIFICATIONS,
    RULE,
    descriptor,
    mapping_message,
    mappings_left,
    repair_notes,
    repair_properties,
)
from auditor.output.sarif_rules import LEVELS, descriptors, rule_id
from auditor.output.standing import has_baseline
from auditor.output.verdict import explained

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_NOTIFICATIONS = {
    "not-audited": "There is no verdict on the model.",
    "skip": "Something could not be decided.",
    "notice": "Something a reader should know about this run.",
}
_SHA256 = re.compile(r"[0-9a-f]{64}")
WEIGHT_ENDINGS = (".safetensors", ".onnx")
_NAMES = 20
_ONE_LINE = 1_000_000


def render(report: ReportV1) -> str:
    """The report as a SARIF log with one run: ASCII, a newline at the end."""
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [_run(report)]}
    return for_json(json.dumps(log, indent=2, allow_nan=False)) + "\n"


def _run(report: ReportV1) -> dict[str, Any]:
    rules, left = descriptors(report), mappings_left(report)
    places = {rule["id"]: at for at, rule in enumerate(rules)}
    if left and RULE not in places:
        places[RULE] = len(rules)
        rules.append(descriptor(RULE))
    results = [_result(report, each, places) for each in report.findings if _audited(report)]
    results += [_left(report, each, places) for each in left]
    results += [_file_result(report, each, places) for each in report.file_findings]
    version = for_sarif(report.tool.version, NAME_LIMIT)
    notifications = _notifications(report)
    return {
        "tool": {
            "driver": {
                "name": for_sarif(report.tool.name, NAME_LIMIT),
                "version": version,
                "rules": rules,
                "notifications": [
                    {"id": id, "shortDescription": {"text": text}}
                    for id, text in notifications.items()
                ],
            }
        },
        "automationDetails": {"id": f"auditor/{_category(report)}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [_invocation(report)],
        "artifacts": _artifacts(report.model) if report.model else [],
        "results": results,
        "properties": _properties(report),
    }


def _category(report: ReportV1) -> str:
    """The model without its revision: alerts of the next revision replace those of this one."""
    source = report.model.source if report.model else str(report.settings.get("model", "unknown"))
    return for_sarif(source.partition("@")[0].strip("/"), 300)


def _result(report: ReportV1, finding: FindingV1, places: dict[str, int]) -> dict[str, Any]:
    fingerprint = for_sarif(finding.fingerprint, NAME_LIMIT)
    said: dict[str, Any] = {
        "ruleId": rule_id(finding),
        "ruleIndex": places[rule_id(finding)],
        "level": LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_location(report, finding.target)],
        # Code scanning tells alerts apart by the second name only, and would hash the file.
        "partialFingerprints": {
            "auditorFinding/v1": fingerprint,
            "primaryLocationLineHash": f"{fingerprint}:1",
        },
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "p_value": finding.p_value,
            "q_value": finding.q_value,
            "effect": finding.effect.model_dump() | {"statistic": _name(finding.effect.statistic)},
            "entities": [_name(entity.name) for entity in finding.entities[:_NAMES]],
            "entity_count": len(finding.entities),
        },
    }
    return said | _accepted(report, finding)


def _file_result(
    report: ReportV1, finding: FileFindingV1, places: dict[str, int]
) -> dict[str, Any]:
    """A finding in a file stands at that file."""
    fingerprint = for_sarif(finding.fingerprint, NAME_LIMIT)
    place = {
        "artifactLocation": {"uri": _uri(report.model, finding.file.path)},
        "region": {"startLine": 1},
    }
    said: dict[str, Any] = {
        "ruleId": rule_id(finding),
        "ruleIndex": places[rule_id(finding)],
        "level": LEVELS[finding.severity],
        "message": {"text": for_sarif(f"{finding.summary} ({certainty(finding)})")},
        "locations": [{"physicalLocation": place}],
        "partialFingerprints": {
            "auditorFinding/v1": fingerprint,
            "primaryLocationLineHash": f"{fingerprint}:1",
        },
        "properties": {
            "severity": finding.severity,
            "confidence": finding.confidence,
            "kind": _name(finding.file.kind),
            "named": [_name(name) for name in finding.named],
        },
    }
    return said | _accepted(report, finding)


def _accepted(report: ReportV1, finding: FindingV1 | FileFindingV1) -> dict[str, Any]:
    said: dict[str, Any] = {}
    if has_baseline(report):
        said["baselineState"] = "unchanged" if finding.in_baseline else "new"
    if (accepted := finding.suppressed) is not None:
        why = f"{accepted.reason} (by {accepted.owner}, until {accepted.expires})"
        said["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": for_sarif(why)}
        ]
    return said


def _left(report: ReportV1, mapping: RepairedMappingV1, places: dict[str, int]) -> dict[str, Any]:
    """A mapping that the repair did not remove."""
    fingerprint = for_sarif(mapping.id, NAME_LIMIT)
    return {
        "ruleId": RULE,
        "ruleIndex": places[RULE],
        "level": "error",
        "message": {"text": mapping_message(mapping)},
        "locations": [_location(report, mapping.target)],
        "partialFingerprints": {
            "auditorMapping/v1": fingerprint,
            "primaryLocationLineHash": f"{RULE}:{fingerprint}:1",
        },
    }


def _audited(report: ReportV1) -> bool:
    """Whether there is a verdict."""
    return report.verdict != "not-audited"


def _notifications(report: ReportV1) -> dict[str, str]:
    return _NOTIFICATIONS | (NOTIFICATIONS if report.remediation is not None else {})


def _message(finding: FindingV1) -> str:
    p, q = wording.p_value(finding.p_value), wording.p_value(finding.q_value)
    certainty = f"Confidence {finding.confidence}, p = {p}, q = {q}."
    return f"{for_sarif(finding.explanation or finding.summary)} {certainty}"


def _location(report: ReportV1, target: TargetV1) -> dict[str, Any]:
    source = scanned_source(report) or "unknown"
    label = target.label if target.label is not None else ""
    named = _name(label) or f"class {target.index}"
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(report.model, _file_of(report.model))},
            "region": {"startLine": 1},
        },
        "logicalLocations": [
            {"name": for_sarif(source, 300), "kind": "model"},
            {"name": named, "kind": "label"},
        ],
    }


def _file_of(model: ModelV1 | None) -> str:
    """The file to show a finding at: that with the labels, which is text, or the weights."""
    paths = [file.path for file in model.files] if model else []
    weights = (path for path in paths if path.endswith(WEIGHT_ENDINGS))
    return "config.json" if "config.json" in paths or not paths else next(weights, paths[0])


def _uri(model: ModelV1 | None, path: str) -> str:
    """A file of the checkpoint, relative as code scanning wants it unless it is far away."""
    source = model.source.removeprefix("hf://").partition("@")[0] if model else ""
    windows = PureWindowsPath(source)
    place = PurePosixPath(windows.as_posix() if windows.is_absolute() else source)
    is_far = place.is_absolute() or windows.is_absolute()
    whole = place if place.suffix in WEIGHT_ENDINGS else place / path
    parts = [part for part in whole.parts if part not in ("/", ".", "..")]
    # A colon in a relative address would make a scheme of what stands before it.
    uri = quote("/".join(parts)[:1000].encode(errors="replace"), safe="/:" if is_far else "/")
    return f"file:///{uri}" if is_far else uri


def _artifacts(model: ModelV1) -> list[dict[str, Any]]:
    """Every file of the checkpoint once, with its digest."""
    found = {}
    for file in model.files:
        uri = _uri(model, file.path)
        said: dict[str, Any] = {"location": {"uri": uri}, "length": file.size}
        if _SHA256.fullmatch(file.sha256):
            said["hashes"] = {"sha-256": file.sha256}
        found[uri] = said
    return list(found.values())


def _invocation(report: ReportV1) -> dict[str, Any]:
    notifications = [_skip(skip) for skip in report.skips]
    if not _audited(report):
        verdict = explained(report)
        why = f"not-audited: {_sentence(verdict.says, verdict.remedy)}"
        notifications[:1] = [_notification("not-audited", "error", why)]
    notifications += [_notification("notice", "note", notice) for notice in report.notices]
    notifications[:0] = [_notification(*told) for told in repair_notes(report)]
    times = {
        "startTimeUtc": wording.utc(report.started),
        "endTimeUtc": wording.utc(report.finished),
    }
    return {
        "executionSuccessful": _audited(report),
        "toolExecutionNotifications": notifications,
        **{key: time for key, time in times.items() if time},
    }


def _skip(skip: SkipV1) -> dict[str, Any]:
    why = f"{skip.subject}: {_sentence(skip.reason, skip.remedy)}"
    return _notification("skip", "warning", why)


def _sentence(reason: str, remedy: str) -> str:
    said = f"{reason.rstrip('.')}."
    return f"{said} Remedy: {remedy}" if remedy else said


def _notification(id: str, level: str, text: str) -> dict[str, Any]:
    return {
        "descriptor": {"id": id, "index": [*_NOTIFICATIONS, *NOTIFICATIONS].index(id)},
        "level": level,
        "message": {"text": for_sarif(text)},
    }


def _properties(report: ReportV1) -> dict[str, Any]:
    model = report.model
    return {
        "verdict": report.verdict,
        "false_positive_rate": report.false_positive_rate,
        "model_score": report.model_score,
        "model_p_value": report.model_p_value,
        "model_revision": _name(model.revision) if model and model.revision else None,
        "model_digest": _name(model.digest) if model else None,
        "cost": {"probes": report.cost.probes, "seconds": report.cost.seconds},
        **repair_properties(report),
        "run_again": " ".join(command_lines(report, _ONE_LINE)),
    }


def _name(text: str) -> str:
    return for_sarif(text, NAME_LIMIT)
