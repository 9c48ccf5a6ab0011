"""The JSON document of the benchmark as a picture: ROC curves, and clean p-values."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from auditor.errors import MissingPackage
from auditor.lab.detection.figures import ALL, Document

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH, HEIGHT, DPI = 11.0, 5.2, 130  # inches, dots an inch
STYLES = ("-", "--", "-.", ":")


def require_plotting() -> None:
    """Say that the package is missing before hours are spent, not after.

    Raises:
        MissingPackage: matplotlib is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingPackage(
            "plots need the package matplotlib",
            hint="Use --no-plot; or, in a clone: pip install --constraint constraints.txt '.[lab]'",
        ) from error


def write_plot(document: Document, path: Path) -> None:
    """Draw the figures of a document; the format is that of the path's ending.

    Raises:
        MissingPackage: matplotlib is not installed.
    """
    require_plotting()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI, layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_roc(left, document)
    _draw_p_values(right, document)
    zoo = document["zoo"]
    figure.suptitle(f"{zoo['name']}: {zoo['clean']} clean, {zoo['backdoored']} backdoored models")
    figure.savefig(path, metadata={"Software": None} if path.suffix == ".png" else None)


def _draw_roc(axes: Axes, document: Document) -> None:
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    for i, (name, found) in enumerate(document["detectors"].items()):
        if found["roc"] is None:
            continue
        value = found["by_attack"][ALL]["auroc"]["value"]
        axes.plot(
            found["roc"]["false_positive_rate"],
            found["roc"]["true_positive_rate"],
            linestyle=STYLES[i % len(STYLES)],
            color=f"C{i}",
            linewidth=2,
            label=f"{name} ({value:.2f})",
        )
    axes.set(xlabel="clean models called", ylabel="victims called", title="ROC (AUROC)")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize="small")


def _draw_p_values(axes: Axes, document: Document) -> None:
    """The share of clean models at or below each p-value: above the diagonal, it cries wolf."""
    axes.plot([0, 1], [0, 1], color="0.8", linewidth=1)
    for i, (name, found) in enumerate(document["detectors"].items()):
        p_values = np.array(found["clean_p_values"])
        if not len(p_values):
            continue
        shares = np.arange(1, len(p_values) + 1) / len(p_values)
        axes.step(
            [0, *p_values, 1],
            [0, *shares, 1],
            where="post",
            linestyle=STYLES[i % len(STYLES)],
            color=f"C{i}",
            linewidth=2,
            label=name,
        )
    axes.set(xlabel="p-value", ylabel="share of clean models at or below it")
    axes.set(title="P-values of clean models (uniform: the diagonal)")
    axes.set(xlim=(-0.01, 1.01), ylim=(-0.01, 1.01), aspect="equal")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right", fontsize="small")
