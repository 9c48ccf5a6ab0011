"""The rows of a benchmark of plans as JSON, as a page, and as a curve of costs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np

from auditor import __version__
from auditor.errors import UsageError
from auditor.lab.detection.plot import require_plotting
from auditor.lab.manifest import Truth
from auditor.lab.plans.record import Compared
from auditor.lab.plans.run import CURVE, GIVEN, SIZES
from auditor.lab.save import write_whole

RESULT, PAGE, PLOT = "plan.json", "plan.md", "plan.png"
ALL = "all"


def figures_of(rows: Sequence[Compared], entities: int) -> dict[str, Any]:
    """Agreement and cost, by what is given and together.

    Args:
        rows: Of one or several banks.
        entities: Size of the bank that the zoo was asked with.
    """
    mine = [row for row in rows if row.entities == entities and row.given in GIVEN]
    by = {given: [row for row in mine if row.given == given] for given in GIVEN}
    found = {name: _figures(each) for name, each in {**by, ALL: mine}.items() if each}
    return {"entities": entities, "by_given": found, "clean_cost": curve_of(rows)}


def _figures(rows: Sequence[Compared]) -> dict[str, Any]:
    agree = sum(row.agrees for row in rows)
    clean = [row.share for row in rows if row.truth == Truth.CLEAN]
    called = "backdoor-evidence"
    return {
        "models": len(rows),
        "agree": agree,
        "agreement": agree / len(rows),
        "agreement_interval": _exact(agree, len(rows)),
        "share_of_probes": mean(row.share for row in rows),
        "share_of_probes_clean": mean(clean) if clean else None,
        "called_exhaustive": sum(row.exhaustive.verdict == called for row in rows),
        "called_sequential": sum(row.sequential.verdict == called for row in rows),
        "clean_called_sequential": sum(
            row.sequential.verdict == called and row.truth == Truth.CLEAN for row in rows
        ),
        "stages": {
            name: sum((row.sequential.decided_by or "exhaustive") == name for row in rows)
            for name in sorted({row.sequential.decided_by or "exhaustive" for row in rows})
        },
        "disagree": [row.model for row in rows if not row.agrees],
    }


def _exact(successes: int, trials: int) -> list[float]:
    """The 95 % interval of Clopper and Pearson."""
    from scipy.stats import beta

    low = 0.0 if successes == 0 else beta.ppf(0.025, successes, trials - successes + 1)
    high = 1.0 if successes == trials else beta.ppf(0.975, successes + 1, trials - successes)
    return [float(low), float(high)]


def curve_of(rows: Sequence[Compared]) -> dict[str, Any]:
    """Probes that clean models take, by number of entities, and how steeply they grow.

    `exponent` is the slope of the logarithm of probes over that of entities: 1 is linear.
    """
    wanted = [row for row in rows if row.truth == Truth.CLEAN and row.given == CURVE]
    models = set.intersection(
        {row.model for row in wanted},
        *({row.model for row in wanted if row.entities == size} for size in _sizes(wanted)),
    )
    sizes = _sizes(wanted)
    mine = {n: [r for r in wanted if r.entities == n and r.model in models] for n in sizes}
    sequential = [mean(row.sequential.probes for row in mine[n]) for n in sizes] if models else []
    exhaustive = [mean(row.exhaustive.probes for row in mine[n]) for n in sizes] if models else []
    steep = len(sequential) > 1
    return {
        "models": len(models),
        "entities": sizes if models else [],
        "sequential": sequential,
        "exhaustive": exhaustive,
        "exponent": float(np.polyfit(np.log(sizes), np.log(sequential), 1)[0]) if steep else None,
    }


def _sizes(rows: Sequence[Compared]) -> list[int]:
    return [size for size in SIZES if any(row.entities == size for row in rows)]


def publish(
    rows: Sequence[Compared], entities: int, out: Path, command: str, zoo: str, *, plot: bool
) -> None:
    """Write `plan.json`, `plan.md` and, if wanted, `plan.png`.

    Raises:
        MissingPackage: A plot is wanted and matplotlib is not installed.
        UsageError: The folder cannot be written.
    """
    figures = figures_of(rows, entities)
    made_by = f"`{command}` with auditor {__version__}"
    said = {"made_by": made_by, "zoo": zoo, **figures, "rows": [asdict(row) for row in rows]}
    try:
        write_whole(out / RESULT, json.dumps(said, indent=1) + "\n")
        write_whole(out / PAGE, page_of(figures, made_by, zoo, plot=plot))
        if plot:
            write_plot(figures["clean_cost"], out / PLOT)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error


def page_of(figures: dict[str, Any], made_by: str, zoo: str, *, plot: bool) -> str:
    """The page."""
    lines = [
        "# Plans",
        "",
        "The sequential plan beside the exhaustive one, on the same answers of the models of "
        f"{zoo} to {figures['entities']} entities. *Agree* counts equal verdicts, with the exact "
        f"95 % interval; *probes* are shares of the exhaustive plan's. Made by {made_by}.",
        "",
        "| given | models | agree | probes | of clean models | called: exhaustive, sequential |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for given, found in figures["by_given"].items():
        low, high = found["agreement_interval"]
        clean = found["share_of_probes_clean"]
        lines.append(
            f"| {given} | {found['models']} | {found['agree']} ({found['agreement']:.1%}, "
            f"{low:.1%} to {high:.1%}) | {found['share_of_probes']:.1%} | "
            f"{'-' if clean is None else format(clean, '.1%')} | "
            f"{found['called_exhaustive']}, {found['called_sequential']} |"
        )
    curve = figures["clean_cost"]
    if curve["entities"]:
        lines += _curve_lines(curve)
    if plot:
        lines += ["", f"![Probes by number of entities]({PLOT})"]
    return "\n".join(lines) + "\n"


def _curve_lines(curve: dict[str, Any]) -> list[str]:
    rows = zip(curve["entities"], curve["sequential"], curve["exhaustive"], strict=True)
    grows = "" if curve["exponent"] is None else f"; they grow with power {curve['exponent']:.2f}"
    return [
        "",
        f"Probes that {curve['models']} clean models take on average, given nothing{grows}. Banks "
        "of fewer entities than the null was measured with are asked everything.",
        "",
        "| entities | sequential | exhaustive |",
        "| --- | --- | --- |",
        *(f"| {size:,} | {few:,.0f} | {many:,.0f} |" for size, few, many in rows),
    ]


def write_plot(curve: dict[str, Any], path: Path) -> None:
    """Draw probes over entities, both on scales of logarithms.

    Raises:
        MissingPackage: matplotlib is not installed.
    """
    require_plotting()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.0, 4.5), dpi=130, layout="constrained")
    axes = figure.subplots()
    for name, style in (("exhaustive", "--"), ("sequential", "-")):
        axes.plot(curve["entities"], curve[name], style, marker="o", label=name)
    axes.set(xscale="log", yscale="log", xlabel="entities", ylabel="probes of a clean model")
    axes.legend()
    figure.savefig(path, metadata={"Software": None})
