"""`auditor lab bench --what ablation`: what each kind of perturbed probe adds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auditor.cli.console import progress_bar, tell
from auditor.errors import ExitCode, UsageError
from auditor.output.escaping import for_terminal

if TYPE_CHECKING:
    from auditor.evidence.null import StoredNull


def bench_ablation(
    folder: Path,
    out: Path,
    entities: str | None,
    tables: Path | None,
    null_file: Path | None,
    fpr: float,
    seed: int,
    limit: int | None,
) -> None:
    """Search a zoo with and without each kind of perturbed probe, and publish what that gives."""
    from auditor.datasets.open import DatasetSpec
    from auditor.entities.open import open_entities
    from auditor.lab.ablation import document_of, measure_ablation
    from auditor.lab.ablation_page import PAGE, publish
    from auditor.lab.detection.zoo import open_zoo, some_of

    zoo = open_zoo(folder)
    source = entities or zoo.entities
    bank = open_entities(DatasetSpec(source=source), seed=seed)
    null = _null(null_file, bank.instance_source)
    models = some_of(zoo.models, limit)
    try:
        with progress_bar() as progress:
            results = measure_ablation(
                zoo, models, bank, null, tables or out / "tables", progress=progress
            )
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {tables or out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None
    command = _command(zoo.name, source, null_file, fpr, seed, limit)
    publish(
        document_of(zoo, models, results, null, fpr=fpr, seed=seed, command=command),
        out,
    )
    print(f"models  {len(models)}")
    print(f"page    {for_terminal(str(out / PAGE), 300)}")


def _null(path: Path | None, instance_source: str) -> StoredNull:
    from auditor.evidence.null import read_null, stored_null

    try:
        found = stored_null(instance_source) if path is None else read_null(path)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(
            f"{path} cannot be read: {error}", hint="Make it with auditor lab null."
        ) from error
    if found is None:
        raise UsageError(
            f"no stored null for {instance_source} instances", hint="Name one with --null."
        )
    return found


def _command(
    zoo: str, source: str, null: Path | None, fpr: float, seed: int, limit: int | None
) -> str:
    """With every option that the figures depend on, and no path of this machine."""
    from auditor.lab.save import cited

    options = [
        *("auditor", "lab", "bench", "--what", "ablation", "--zoo", f"ZOO:{zoo}"),
        *("--out", "DIR", "--tables", "TABLES", "--entities", cited(source)),
        *(() if null is None else ("--null", cited(str(null)))),
        *("--fpr", f"{fpr:g}", "--seed", str(seed)),
        *(() if limit is None else ("--limit", str(limit))),
    ]
    return " ".join(options)
