"""The raw results as CSV: one row a model and detector, written as they come, read again later."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from auditor.errors import UsageError
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
YES, NO = "yes", "no"


def write_rows(path: Path, models: Sequence[ZooModel], rows: Iterable[Detection]) -> None:
    """Write all rows anew, whole or not at all, in the order of the models and of the rows."""
    place = {model.id: i for i, model in enumerate(models)}
    ordered = sorted(rows, key=lambda row: place[row.model])
    draft = path.with_name(f".{path.name}")
    text = _line(COLUMNS) + "".join(_row(models[place[r.model]], r) for r in ordered)
    draft.write_text(text, encoding="utf-8")
    os.replace(draft, path)


def append_row(path: Path, model: ZooModel, row: Detection) -> None:
    """Add one row at the end, at once on the disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(_row(model, row))


def read_rows(path: Path) -> tuple[Detection, ...]:
    """Rows of an earlier run. A last line that a killed run left half-written does not count.

    Raises:
        UsageError: The file is not one of this benchmark.
    """
    if not path.exists():
        return ()
    whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
    reader = csv.DictReader(io.StringIO(whole))
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise ValueError("its columns are others")
        return tuple(_detection(said) for said in reader)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} holds no results of this benchmark: {error}",
            hint="Name a new folder with --out, or remove the file.",
        ) from error


def _row(model: ZooModel, row: Detection) -> str:
    said = row.answer
    truth = [model.truth.value, *(getattr(model, name) for name in TRUTH[1:])]
    return _line(
        [
            row.model,
            *truth,
            row.detector,
            said.score,
            said.p_value,
            *(YES if flag else NO for flag in (said.called, said.customary, said.decided)),
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


def _line(values: Iterable[object]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(["" if v is None else v for v in values])
    return out.getvalue()


def _detection(said: dict[str, str]) -> Detection:
    flags = {name: _flag(said[name]) for name in ("called", "customary", "decided")}
    return Detection(
        model=said["model"],
        detector=said["detector"],
        settings=said["settings"],
        answer=Answer(
            score=_number(said["score"]),
            p_value=_number(said["p_value"]),
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


def _number(text: str) -> float | None:
    return float(text) if text else None


def _flag(text: str) -> bool:
    if text not in (YES, NO):
        raise ValueError(f"{text!r} is neither {YES} nor {NO}")
    return text == YES
