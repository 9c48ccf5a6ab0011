"""Write what a benchmark found: JSON with everything, a page, a picture, the README's table."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import shlex
from collections.abc import Sequence
from pathlib import Path

from auditor import __version__
from auditor.checkpoints.json_file import MAX_INDEX_BYTES, read_json_object
from auditor.errors import AuditorError, UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.detectors import DETECTORS
from auditor.lab.detection.figures import FORMAT, Document, Resampling, counts_of, figures_of
from auditor.lab.detection.metrics import DRAWS
from auditor.lab.detection.page import page_of, readme_table
from auditor.lab.detection.plot import write_plot
from auditor.lab.detection.records import Detection
from auditor.lab.detection.zoo import Zoo
from auditor.lab.manifest import ZooModel
from auditor.lab.save import cited, write_whole
from auditor.lab.workers import cores

RESULT, PAGE, PLOT = "detection.json", "detection.md", "detection.png"
BEGIN, END = "<!-- detection-table:begin -->", "<!-- detection-table:end -->"
PACKAGES = ("numpy", "scipy", "torch", "transformers")


def document_of(
    zoo: Zoo,
    models: Sequence[ZooModel],
    rows: Sequence[Detection],
    context: BenchContext,
    command: Sequence[str],
) -> Document:
    """Everything that `detection.json` holds. It names no path of this machine."""
    detectors = list(dict.fromkeys(row.detector for row in rows))
    return {
        "format": FORMAT,
        "command": shlex.join(command),
        "made": {
            "auditor": __version__,
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
            "machine": f"{platform.system()} {platform.machine()}, {cores()} cores",
        },
        "zoo": {"name": zoo.name, "manifest_sha256": zoo.digest, **counts_of(models)},
        "settings": {
            "entities": cited(context.entities),
            "fpr": context.fpr,
            "seed": context.seed,
            "clean_per_class": context.clean_per_class,
            "draws": DRAWS,
            "detectors": {name: dict(DETECTORS[name].settings(context)) for name in detectors},
        },
        "detectors": figures_of(models, rows, Resampling(context.seed)),
    }


def publish(document: Document, out: Path, *, plot: bool) -> None:
    """Write `detection.json`, `detection.md` and, if wanted, `detection.png`.

    Raises:
        MissingPackage: A plot is wanted and matplotlib is not installed.
        UsageError: The folder cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        write_whole(out / RESULT, json.dumps(document, indent=1) + "\n")
        write_whole(out / PAGE, page_of(document, plot=PLOT if plot else None))
        if plot:
            write_plot(document, out / PLOT)
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{out} cannot be written: {why}", hint="Check --out.") from error


def read_result(folder: Path) -> Document:
    """Read the document that `publish` wrote.

    Raises:
        UsageError: There is none, or it is of another format.
    """
    path = folder / RESULT
    try:
        said = read_json_object(path, limit_bytes=MAX_INDEX_BYTES)
    except (AuditorError, OSError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}",
            hint="Make it: auditor lab bench --what detection --zoo DIR --out DIR.",
        ) from error
    if said.get("format") != FORMAT:
        raise UsageError(
            f"{path} is of format {said.get('format')}, not {FORMAT}",
            hint="Run the benchmark again with this version; rows that are there are kept.",
        )
    return said


def update_readme(readme: Path, document: Document) -> None:
    """Put the table of a document between the README's markers.

    Raises:
        UsageError: The README cannot be read, or has not exactly one pair of markers.
    """
    try:
        text = readme.read_text(encoding="utf-8")
        write_whole(readme, with_table(text, readme_table(document)))
    except (OSError, ValueError) as error:
        raise UsageError(
            f"{readme}: {error}", hint=f"Put {BEGIN} and {END} on lines of their own, once."
        ) from error


def with_table(text: str, table: str) -> str:
    """A README's text with the table between its markers.

    Raises:
        ValueError: There is not exactly one pair of markers.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or BEGIN in rest or END in before + after:
        raise ValueError("it needs one pair of markers of the detection table")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"
