"""A repair in a SARIF log: a mapping that is left is a result, all else a notification."""

from __future__ import annotations

from typing import Any

from auditor.output import repair_wording as repair_words
from auditor.output import sequela_wording as words
from auditor.output.escaping import NAME_LIMIT, for_sarif
from auditor.output.remediation_v1 import RepairedMappingV1
from auditor.output.report_v1 import ReportV1

RULE = "mapping-left"
_SAYS = "A mapping that was found is still there after the repair, or weaker but not gone."
NOTIFICATIONS = {
    "repair": "What became of the model and its mappings.",
    "sequela": "What the repair changed besides.",
}


def descriptor(id: str) -> dict[str, Any]:
    """The rule of what is left."""
    return {
        "id": id,
        "shortDescription": {"text": "A mapping is left after the repair"},
        "fullDescription": {"text": _SAYS},
        "help": {
            "text": f"{_SAYS} Try another --method, more clean data or more --steps, and check "
            "that nobody could have poisoned the clean data."
        },
        "defaultConfiguration": {"level": "error"},
        "properties": {"precision": "high", "security-severity": "8.0", "tags": ["security"]},
    }


def mappings_left(report: ReportV1) -> list[RepairedMappingV1]:
    """The mappings that are not gone."""
    done = report.remediation
    return [] if done is None else [each for each in done.mappings if each.state != "gone"]


def mapping_message(mapping: RepairedMappingV1) -> str:
    """Before, after and what is natural, in one line."""
    who, target, state, before, after, natural = repair_words.mapping_row(mapping)
    return for_sarif(
        f"{who} to {target}: {state}. Share of the pictures that go there {before} before, "
        f"{after} after, natural rate {natural}."
    )


def repair_notes(report: ReportV1) -> list[tuple[str, str, str]]:
    """Id, level and text of what is to be told, the verdict first."""
    done, sequela = report.remediation, report.sequela
    if done is None:
        return []
    verdict = repair_words.explained_repair(done)
    level = "note" if done.verdict in ("repaired", "nothing to repair") else "warning"
    told = [("repair", level, f"{done.verdict}: {verdict.says}. {verdict.means}")]
    told += [("repair", level, reason) for reason in done.reasons]
    told += [("repair", "note", mapping_message(each)) for each in done.mappings]
    if done.accuracy is not None:
        line = repair_words.accuracy_line(done.accuracy)
        told.append(("repair", "note", f"accuracy: {line}"))
    told += [("repair", "note", notice) for notice in done.notices]
    if sequela is None:
        why = repair_words.why_no_sequela(report)
        return [*told, ("sequela", "warning", f"not measured: {why}")]
    told.append(("sequela", "note", f"score {words.score_line(sequela)}"))
    for component in words.components(sequela):
        pairs = zip(words.COMPONENT_COLUMNS, words.component_row(component), strict=True)
        told.append(("sequela", "note", ", ".join(f"{name} {value}" for name, value in pairs)))
    return [*told, *(("sequela", "warning", line) for line in words.skip_lines(sequela))]


def repair_properties(report: ReportV1) -> dict[str, Any]:
    """The figures of a repair, for programs that read properties."""
    done, sequela = report.remediation, report.sequela
    if done is None:
        return {}
    said: dict[str, Any] = {
        "repair": {
            "verdict": done.verdict,
            "method": for_sarif(done.method, NAME_LIMIT),
            "success_before": [each.before.value for each in done.mappings],
            "success_after": [each.after.value for each in done.mappings],
            "natural_rate": [each.natural.value for each in done.mappings],
        }
    }
    if done.accuracy is not None:
        said["repair"]["accuracy_before"] = done.accuracy.before.value
        said["repair"]["accuracy_after"] = done.accuracy.after.value
    if sequela is not None:
        said["sequela_score"] = sequela.sequela_score
        said["sequela_harms"] = {
            for_sarif(harm.component, NAME_LIMIT): harm.value for harm in sequela.harms
        }
    return said
