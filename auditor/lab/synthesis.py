"""What synthesised instances cost and how good they are: named right by other bases too."""

from __future__ import annotations

import csv
import io
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import mean

import numpy as np

from auditor.checkpoints.resolve import resolve
from auditor.entities.synthesised.bank import share_named, side_shown
from auditor.entities.synthesised.labels import named_labels, rows_of, spread
from auditor.entities.synthesised.maximise import maximise
from auditor.entities.synthesised.recipe import BATCH, RECIPE, Recipe
from auditor.errors import UsageError
from auditor.lab.save import cited
from auditor.lab.training import Progress, silent
from auditor.models.classifier import Pixels
from auditor.models.torch_image import TorchImageClassifier, load_torch

SIDES = (96, 128, 160, 224)  # at which the base is shown pictures
LABELS = 32
TABLE, PAGE = "synthesis.csv", "synthesis.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRow:
    """One base at one side, one instance of each of some labels.

    Attributes:
        base: As cards cite it.
        side: Pixels at which it was shown pictures while they were made.
        instances: How many were made.
        cpu_seconds: For each instance, over all threads.
        named: Share that the base itself names right.
        elsewhere: The same for every other base that was given.
        distance: Mean distance between two instances of different labels, of 255 grey levels.
    """

    base: str
    side: int
    instances: int
    cpu_seconds: float
    named: float
    elsewhere: Mapping[str, float] = field(hash=False)
    distance: float

    @property
    def transfer(self) -> float | None:
        """Share that other bases name right, the mean over them; None where there is none."""
        return mean(self.elsewhere.values()) if self.elsewhere else None


def measure_synthesis(
    sources: Sequence[str],
    *,
    labels: int = LABELS,
    sides: Sequence[int] = SIDES,
    seed: int = 0,
    recipe: Recipe = RECIPE,
    progress: Progress = silent,
) -> tuple[SynthesisRow, ...]:
    """Synthesise from every base at every side, and let all bases name what came of it.

    Args:
        sources: Checkpoints with the same labels.
        labels: Of how many labels one instance each is made.
        sides: Pixels at which the base is shown pictures; those that it does not take are left out.
        seed: Decides every picture.
        recipe: How they are searched for.
        progress: Called with (stage, done, total).

    Raises:
        UsageError: Two bases have different labels, so that none could name the other's.
        NotAudited: A base cannot be used.
    """
    bases = {
        cited(source): load_torch(resolve(source, offline=True), device="cpu") for source in sources
    }
    if len({base.labels for base in bases.values()}) > 1:
        raise UsageError(
            "the bases have different labels, so none could name what is made of another",
            hint="Name bases of the same data, separated by commas.",
        )
    rows = []
    for name, base in bases.items():
        others = {other: model for other, model in bases.items() if other != name}
        for side in sides:
            wanted = replace(recipe, shown=side)
            if side_shown(base, wanted) == side:
                rows.append(_row(name, base, others, labels, side, wanted, seed))
            progress("synthesising", len(rows), len(bases) * len(sides))
    return tuple(rows)


def _row(
    name: str,
    base: TorchImageClassifier,
    others: Mapping[str, TorchImageClassifier],
    count: int,
    side: int,
    recipe: Recipe,
    seed: int,
) -> SynthesisRow:
    things = [each.label for each in named_labels(base.labels, name)]
    chosen = spread(rows_of(base), things, count)
    started = time.process_time()
    parts = [chosen[i : i + BATCH] for i in range(0, len(chosen), BATCH)]
    made = np.concatenate(
        [
            maximise(base, part, recipe, side=side, seeds=[(seed, label, 0) for label in part])
            for part in parts
        ]
    )
    return SynthesisRow(
        base=name,
        side=side,
        instances=len(chosen),
        cpu_seconds=(time.process_time() - started) / len(chosen),
        named=share_named(base, chosen, [made]),
        elsewhere={other: share_named(model, chosen, [made]) for other, model in others.items()},
        distance=_distance(made),
    )


def _distance(made: Pixels) -> float:
    """Root mean square over pixels, the mean over neighbouring labels."""
    grey = made.astype(np.float64)
    return float(np.sqrt(((grey[1:] - grey[:-1]) ** 2).mean(axis=(1, 2, 3))).mean())


def publish_synthesis(rows: Sequence[SynthesisRow], out: Path, command: str) -> None:
    """Write the rows as CSV and as a page.

    Raises:
        OSError: The folder cannot be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name, text in ((TABLE, table_of(rows)), (PAGE, page_of(rows, command))):
        draft = out / f".{name}"
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, out / name)


def table_of(rows: Sequence[SynthesisRow]) -> str:
    """The rows as CSV: one line a base, side, and base that named."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(("base", "side", "instances", "cpu_seconds", "named_by", "named", "distance"))
    for row in rows:
        for by, share in {row.base: row.named, **row.elsewhere}.items():
            writer.writerow(
                (
                    *(row.base, row.side, row.instances, f"{row.cpu_seconds:.3f}"),
                    *(by, f"{share:.4f}", f"{row.distance:.1f}"),
                )
            )
    return file.getvalue()


def page_of(rows: Sequence[SynthesisRow], command: str) -> str:
    """The rows as Markdown."""
    names = list(dict.fromkeys(row.base for row in rows))
    head = ["made from", "shown at", "CPU s each", *(f"named right by {name}" for name in names)]
    lines = [
        "# Instances synthesised from a base",
        "",
        f"One instance of each of {rows[0].instances} labels, spread over the head, "
        f"{RECIPE.size}x{RECIPE.size} pixels, {RECIPE.steps} steps. What the base that it was made "
        "from names right shows only that the search works; what another base names right shows "
        "that there is something to see. *Shown at*: side in pixels at which the base sees the "
        "picture while it is made. Seconds are CPU time, summed over threads.",
        "",
        f"| {' | '.join(head)} |",
        f"|{' --- |' * len(head)}",
    ]
    for row in rows:
        shares = {row.base: f"({row.named:.2f})"}
        shares |= {by: f"{share:.2f}" for by, share in row.elsewhere.items()}
        cells = [row.base, str(row.side), f"{row.cpu_seconds:.2f}"]
        cells += [shares.get(name, "-") for name in names]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, "", f"Made by `{command}`.", ""])
