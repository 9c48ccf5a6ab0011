"""Rows -> figures -> `evasion.json` and `evasion.md`."""

from __future__ import annotations

import json
import os
import shlex
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.errors import UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.metrics import share
from auditor.lab.detection.zoo import Zoo
from auditor.lab.evasion.evasions import BOTH, EVASIONS
from auditor.lab.evasion.rows import Row
from auditor.lab.save import cited

RESULT, PAGE = "evasion.json", "evasion.md"
WORKS = 0.5  # attack success above which a backdoor counts as working
NOTHING = "-"
Document = dict[str, Any]


def document_of(
    zoo: Zoo, rows: Sequence[Row], context: BenchContext, command: Sequence[str]
) -> Document:
    """Everything that `evasion.json` holds. It names no path of this machine."""
    return {
        "command": shlex.join(command),
        "auditor": __version__,
        "zoo": {"name": zoo.name, "manifest_sha256": zoo.digest},
        "settings": {
            "entities": cited(context.entities),
            "fpr": context.fpr,
            "seed": context.seed,
            "works": WORKS,
        },
        "victims": sorted({row.model for row in rows}),
        "evasions": {
            name: _figures(name, [r for r in rows if r.evasion == name]) for name in EVASIONS
        },
    }


def _figures(name: str, rows: Sequence[Row]) -> Document:
    """Of one evasion: success and accuracy over victims, and how many of which are missed."""
    first = [row for row in rows if row.scan == EVASIONS[name].scans[0]]
    return {
        "against": EVASIONS[name].against,
        "how": EVASIONS[name].how,
        "success": {
            way: statistics.median(row.success[way] for row in first)
            for way in (first[0].success if first else {})
        },
        "success_as_scanned": _median([row.success_as_scanned for row in first]),
        "accuracy": _median([row.accuracy for row in first]),
        "missed": {
            scan: _missed([row for row in rows if row.scan == scan])
            for scan in EVASIONS[name].scans
        },
    }


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _missed(rows: Sequence[Row]) -> Mapping[str, float]:
    """Of the victims whose backdoor works in some way, those without a finding; exact interval."""
    working = [row for row in rows if max(row.success.values()) > WORKS]
    return share([not row.found for row in working])._asdict()


def publish(document: Document, out: Path) -> None:
    """Write `evasion.json` and `evasion.md`.

    Raises:
        UsageError: The folder cannot be written.
    """
    try:
        for name, text in (
            (RESULT, json.dumps(document, indent=1) + "\n"),
            (PAGE, page_of(document)),
        ):
            draft = out / f".{name}"
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, out / name)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error


def page_of(document: Document) -> str:
    """The page beside the figures."""
    return f"# Evasion benchmark\n\n{table_of(document)}\n"


def table_of(document: Document) -> str:
    """One row an evasion, and how it was measured."""
    lines = [
        "| evasion | what the attacker does | success where it is deployed | as a scan asks "
        "| missed, checkpoint only | missed, with base and clean data |",
        f"|{' --- |' * 6}",
        *(_line(name, found) for name, found in document["evasions"].items()),
    ]
    settings, zoo = document["settings"], document["zoo"]["name"]
    said = (
        f"{len(document['victims'])} victims of attack *entity* of zoo *{zoo}*, "
        f"`--fpr {settings['fpr']:g}`. *Missed*: no finding, of the victims whose backdoor works "
        f"where it is deployed (success above {settings['works']:g}), with exact 95 % intervals. "
        f"Success: share of unseen pictures of the trigger that go to the target, median over "
        f"victims. Made by `{document['command']}` with auditor {document['auditor']}."
    )
    return "\n".join([*lines, "", said])


def _line(name: str, found: Document) -> str:
    ways = ", ".join(
        f"{value:.2f}" if len(found["success"]) == 1 else f"{way} {value:.2f}"
        for way, value in found["success"].items()
    )
    scanned = found["success_as_scanned"]
    cells = [
        name,
        found["how"],
        ways or NOTHING,
        NOTHING if scanned is None else f"{scanned:.2f}",
        *(_counted(found["missed"].get(scan)) for scan in BOTH),
    ]
    return f"| {' | '.join(cells)} |"


def _counted(missed: Mapping[str, float] | None) -> str:
    if missed is None or not missed["models"]:
        return NOTHING
    count = round(missed["value"] * missed["models"])
    return f"{count}/{missed['models']} [{missed['low']:.2f}, {missed['high']:.2f}]"
