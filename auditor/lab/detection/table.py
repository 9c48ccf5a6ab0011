"""The raw results as CSV: one row a model and detector, written as they come, read again later."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.lab.csv_rows import (
    append_line,
    flag_in,
    line_of,
    number_in,
    read_rows_of,
    write_lines,
)
from auditor.lab.detection.records import Answer, Detection, KindResult
from auditor.lab.manifest import ZooModel

# First what is true of the model, for who reads the file by itself; then what was said of it.
TRUTH = ("truth", "kind", "setting", "attack", "entity", "target", "attack_success")
SAID = (
    *("score", "p_value", "called", "customary", "decided"),
    *("targets", "entities", "group", "kinds"),
)
COST = ("probes", "seconds", "cpu_seconds")
COLUMNS = ("model", *TRUTH, "detector", *SAID, *COST, "settings")


def write_rows(path: Path, models: Sequence[ZooModel], rows: Iterable[Detection]) -> None:
    """Write all rows anew, whole or not at all, in the order of the models and of the rows.

    Raises:
        UsageError: The folder cannot be written.
    """
    place = {model.id: i for i, model in enumerate(models)}
    ordered = sorted(rows, key=lambda row: place[row.model])
    write_lines(path, COLUMNS, (_row(models[place[r.model]], r) for r in ordered))


def append_row(path: Path, model: ZooModel, row: Detection) -> None:
    """Add one row at the end, at once on the disk."""
    append_line(path, _row(model, row))


def read_rows(path: Path) -> tuple[Detection, ...]:
    """Rows of an earlier run. A last line that a killed run left half-written does not count.

    Raises:
        UsageError: The file is not one of this benchmark.
    """
    return read_rows_of(path, COLUMNS, _detection)


def _row(model: ZooModel, row: Detection) -> str:
    said = row.answer
    truth = [model.truth.value, *(getattr(model, name) for name in TRUTH[1:])]
    return line_of(
        [
            row.model,
            *truth,
            row.detector,
            said.score,
            said.p_value,
            *(said.called, said.customary, said.decided),
            json.dumps(said.targets, ensure_ascii=False),
            json.dumps(said.entities, ensure_ascii=False),
            json.dumps(said.group, ensure_ascii=False),
            json.dumps({kind: list(result) for kind, result in said.kinds.items()}),
            said.probes,
            f"{row.seconds:.3f}",
            f"{row.cpu_seconds:.3f}",
            row.settings,
        ]
    )


def _detection(said: dict[str, str]) -> Detection:
    flags = {name: flag_in(said[name]) for name in ("called", "customary", "decided")}
    return Detection(
        model=said["model"],
        detector=said["detector"],
        settings=said["settings"],
        answer=Answer(
            score=number_in(said["score"]),
            p_value=number_in(said["p_value"]),
            targets=tuple(json.loads(said["targets"])),
            entities=tuple(json.loads(said["entities"])),
            group=tuple(json.loads(said["group"])),
            probes=int(said["probes"]),
            kinds={kind: KindResult(*both) for kind, both in json.loads(said["kinds"]).items()},
            **flags,
        ),
        seconds=float(said["seconds"]),
        cpu_seconds=float(said["cpu_seconds"]),
    )
