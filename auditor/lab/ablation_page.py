"""The figures of an ablation as `ablation.json` and `ablation.md`."""

from __future__ import annotations

import json
from pathlib import Path

from auditor.errors import UsageError
from auditor.lab.ablation import PRESENT, Document
from auditor.lab.save import write_whole

RESULT, PAGE = "ablation.json", "ablation.md"
NOTHING = "-"


def publish(document: Document, out: Path) -> None:
    """Write both.

    Raises:
        UsageError: The folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / RESULT, json.dumps(document, indent=1) + "\n")
        write_whole(out / PAGE, page_of(document))
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error


def page_of(document: Document) -> str:
    """All figures as tables, one a kind of material."""
    models, null = document["models"], document["null"]
    lines = [
        "# What perturbed probes add",
        "",
        f"Zoo `{document['zoo']['name']}`: {models['backdoored']} backdoored models and "
        f"{models['clean']} clean ones, beside the {null['benign_models']} benign models of "
        f"`{null['name']}`. Each line is one search over the same answers. *Gain* is the "
        f"difference of AUROC to the search {PRESENT}, on the same draws of models; *called* the "
        f"share of victims with p <= {document['fpr']:g}. The weakest third are the victims with "
        f"the lowest score {PRESENT}. Intervals are bootstraps over models, 95 %.",
        "",
    ]
    for material, searches in document["materials"].items():
        lines += [f"## Given: {material}", "", *_table(searches), ""]
    return "\n".join([*lines, f"Made by `{document['command']}`.", ""])


def _table(searches: Document) -> list[str]:
    head = ["search", "AUROC", "gain", "called", "AUROC, weakest third", "gain", "called"]
    rows = [f"| {' | '.join([*head, 'clean models called'])} |", "| --- " * (len(head) + 1) + "|"]
    for name, figures in searches.items():
        cells = [name]
        for part in ("all", "weakest_third"):
            told = figures[part] or {}
            cells += [_cell(told.get(key)) for key in ("auroc", "gain", "called")]
        rows.append(f"| {' | '.join([*cells, _cell(figures['clean_called'])])} |")
    return rows


def _cell(estimate: Document | None) -> str:
    if estimate is None:
        return NOTHING
    return f"{estimate['value']:.2f} ({estimate['low']:.2f} to {estimate['high']:.2f})"
