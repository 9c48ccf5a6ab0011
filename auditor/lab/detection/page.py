"""The JSON document of the benchmark as Markdown: a page, and the short table of the README."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from auditor.lab.detection.figures import ALL, ANY_ENTITY, Document

NOTHING = "-"
SLICES = {ANY_ENTITY: "Entity backdoors", ALL: "All backdoors, patterns among them"}
COUNTS = ("target_top1", "target_named", "entity_in_group", "entity_top5")


def page_of(document: Document, *, plot: str | None) -> str:
    """All figures as tables.

    Args:
        document: What `detection.json` holds.
        plot: Name of the picture beside the page, if there is one.
    """
    parts = [
        "# Detection benchmark",
        _made(document),
        *_by_slice(document),
        *([f"![ROC curves, and p-values of clean models]({plot})"] if plot else []),
        "## By attack",
        "AUROC against all clean models, and the share that is called.",
        _by_attack(document),
        "## By kind of evidence",
        _by_evidence(document),
        "## False alarms by kind of clean model",
        "Models called, of so many.",
        _false_alarms(document),
        "## P-values of clean models",
        "A valid p-value is at most 0.01 in at most 1 % of clean models. KS is the distance from "
        "uniform; *too small* is the part of it that would break the promise, with its own p.",
        _calibration(document),
        "## What each detector is given, and when its users call a model backdoored",
        _rules(document),
    ]
    return "\n\n".join(parts) + "\n"


def readme_table(document: Document) -> str:
    """The few figures that the README shows."""
    return "\n\n".join([*_by_slice(document, title="**{}**"), _made(document)])


def _made(document: Document) -> str:
    zoo, settings, made = document["zoo"], document["settings"], document["made"]
    fpr = settings["fpr"]
    failed = f"; {zoo['failed']} attempts failed and count for neither" if zoo["failed"] else ""
    return (
        f"Zoo *{zoo['name']}*: {zoo['clean']} clean and {zoo['backdoored']} backdoored "
        f"models{failed}. "
        f"Entities: {settings['entities']}. Brackets hold 95 % intervals over models "
        f"({settings['draws']} bootstrap draws; exact for shares of clean models). "
        f"With {zoo['clean']} clean models, a false-positive rate is known in steps of "
        f"{_percent(1 / zoo['clean']) if zoo['clean'] else NOTHING}. *Called* is p <= {fpr:g}; a "
        "detector without p-values is held to its customary rule. *Target first*: of all victims; "
        "*target named* and *entity in group*: of those called. Seconds are medians, on one "
        f"thread ({made['machine']}). Made by `{document['command']}` with auditor "
        f"{made['auditor']}."
    )


def _by_slice(document: Document, title: str = "## {}") -> list[str]:
    """The main table for victims of an entity, and for all; one where there is one sort only."""
    there = {a for found in document["detectors"].values() for a in found["by_attack"]}
    slices = [name for name in SLICES if name in there or name == ALL]
    return [part for s in slices for part in (title.format(SLICES[s]), _overall(document, s))]


def _overall(document: Document, of: str) -> str:
    fpr = document["settings"]["fpr"]
    header = [
        "detector",
        "AUROC",
        "TPR at 1 % FPR",
        "TPR at 5 % FPR",
        f"victims called ({_percent(fpr)})",
        f"clean called ({_percent(fpr)})",
        "clean with p <= 0.05",
        "target first",
        "target named",
        "entity in group",
        "entity in first 5",
        "CPU s",
        "pictures",
    ]
    rows = []
    for name, found in document["detectors"].items():
        seen = found["by_attack"].get(of, {})
        small = (found["calibration"] or {}).get("at_0.05")
        rows.append(
            [
                name,
                *(_interval(seen.get(key)) for key in ("auroc", "tpr_at_1", "tpr_at_5")),
                _counted(seen.get("called")),
                _counted(found["clean"][ALL]["called"], interval=True),
                _counted(small, interval=True),
                *(_counted(seen.get(k)) for k in COUNTS),
                _plain(found["cost"]["cpu_seconds"], 1),
                _plain(found["cost"]["probes"], 0),
            ]
        )
    return _table(header, rows)


def _by_attack(document: Document) -> str:
    detectors = document["detectors"]
    attacks = dict.fromkeys(a for found in detectors.values() for a in found["by_attack"])
    rows = []
    for attack in attacks:
        slices = [found["by_attack"].get(attack) for found in detectors.values()]
        victims = next(s["victims"] for s in slices if s)
        cells = [
            f"{_interval(s['auroc'])}, {_counted(s['called'])}" if s else NOTHING for s in slices
        ]
        rows.append([attack, str(victims), *cells])
    failed = document["zoo"]["failed_by_attack"]
    rows += [[f"{a} (failed)", str(n), *[NOTHING] * len(detectors)] for a, n in failed.items()]
    return _table(["attack", "victims", *detectors], rows)


def _by_evidence(document: Document) -> str:
    rows = [
        [name, kind, *(_interval(found[key]) for key in ("auroc", "tpr_at_1", "tpr_at_5"))]
        for name, detector in document["detectors"].items()
        for kind, found in detector["by_evidence"].items()
    ]
    return _table(["detector", "kind", "AUROC", "TPR at 1 % FPR", "TPR at 5 % FPR"], rows)


def _false_alarms(document: Document) -> str:
    return _by_detector(
        document,
        "kind of clean model",
        lambda found: found["clean"],
        lambda said: (
            f"{_counted(said['called'], interval=True)}; customary rule "
            f"{_counted(said['customary'])}"
        ),
    )


def _by_detector(
    document: Document,
    title: str,
    parts: Callable[[Document], Mapping[str, Any]],
    cell: Callable[[Any], str],
) -> str:
    detectors = document["detectors"]
    names = dict.fromkeys(name for found in detectors.values() for name in parts(found))
    rows = [
        [
            name,
            *(cell(parts(f)[name]) if name in parts(f) else NOTHING for f in detectors.values()),
        ]
        for name in names
    ]
    return _table([title, *detectors], rows)


def _calibration(document: Document) -> str:
    rows = []
    for name, found in document["detectors"].items():
        said = found["calibration"]
        if said is None:
            continue
        ks = said["ks"]
        rows.append(
            [
                name,
                str(said["models"]),
                _interval(said["at_0.01"]),
                _interval(said["at_0.05"]),
                f"{ks['distance']:.2f} (p {ks['p_value']:.2g})",
                f"{ks['too_small']:.2f} (p {ks['too_small_p']:.2g})",
            ]
        )
    return _table(["detector", "clean models", "p <= 0.01", "p <= 0.05", "KS", "too small"], rows)


def _rules(document: Document) -> str:
    rows = [[name, d["needs"], d["rule"]] for name, d in document["detectors"].items()]
    return _table(["detector", "needs", "customary rule"], rows)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(text: str) -> str:
    """Names come from data sets and may hold what Markdown reads."""
    return text.replace("|", "\\|").replace("\n", " ")


def _interval(found: Mapping[str, float] | None) -> str:
    if found is None:
        return NOTHING
    return f"{found['value']:.2f} [{found['low']:.2f}, {found['high']:.2f}]"


def _counted(found: Mapping[str, float] | None, *, interval: bool = False) -> str:
    """A share as so many of so many models."""
    if found is None:
        return NOTHING
    text = f"{round(found['value'] * found['models'])}/{found['models']}"
    return f"{text} [{found['low']:.2f}, {found['high']:.2f}]" if interval else text


def _plain(found: Mapping[str, float] | None, digits: int) -> str:
    return NOTHING if found is None else f"{found['value']:,.{digits}f}"


def _percent(share: float) -> str:
    return f"{100 * share:.3g} %"
