"""`auditor entities list|show|build`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.console import progress_bar
from auditor.errors import UsageError
from auditor.output.escaping import for_terminal

if TYPE_CHECKING:
    from auditor.entities.bank import EntityBank

entities_app = typer.Typer(
    help="The things that a scan asks a model about, and pictures of them.", no_args_is_help=True
)

SourceArgument = Annotated[
    str, typer.Argument(help="base:MODEL, diffusion:MODEL, rendered, a .toml file, or a data set.")
]
BaseOption = Annotated[str | None, typer.Option(help="Base whose labels diffusion draws.")]
DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda[:N].")]
OfflineOption = Annotated[bool, typer.Option("--offline", help="Use the local cache only.")]


class FormChoice(StrEnum):
    """How a bank lies on disk; the same names as `auditor.entities.kept.Form`."""

    FOLDER = "folder"
    PARQUET = "parquet"


@entities_app.command("list")
def list_entities(
    source: SourceArgument,
    base: BaseOption = None,
    instances: Annotated[int, typer.Option(min=1, max=256, help="Instances of each.")] = 1,
    device: DeviceOption = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Decides the pictures.")] = 0,
    offline: OfflineOption = False,
) -> None:
    """List the entities of a source, one a line: identifier, instances, names."""
    bank = _opened(source, base, instances, device, seed, offline)
    for entity, count in zip(bank.entities, bank.counts, strict=True):
        names = ", ".join([entity.name, *entity.synonyms])
        print(f"{for_terminal(entity.id, 40):<40} {count:>6,}  {for_terminal(names, 200)}")


@entities_app.command()
def show(
    source: SourceArgument,
    base: BaseOption = None,
    instances: Annotated[int, typer.Option(min=1, max=256, help="Instances of each.")] = 1,
    device: DeviceOption = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Decides the pictures.")] = 0,
    offline: OfflineOption = False,
) -> None:
    """Show where the instances of a source come from, and what is known of its power."""
    bank = _opened(source, base, instances, device, seed, offline)
    print(f"source     {for_terminal(bank.source, 300)}")
    print(f"kind       {bank.instance_source.value}")
    print(f"entities   {len(bank.entities):,}")
    print(f"instances  {min(bank.counts):,} to {max(bank.counts):,} of each")
    for said in (bank.why, *bank.notices):
        if said:
            print(f"notice     {for_terminal(said, 1000)}")


@entities_app.command()
def build(
    source: Annotated[
        str, typer.Option("--from", help="base:MODEL, diffusion:MODEL, rendered, or a .toml file.")
    ],
    out: Annotated[Path, typer.Option(help="A new folder, which --entities takes.")],
    base: BaseOption = None,
    labels: Annotated[
        int | None, typer.Option(min=1, help="base: how many labels; default 100.")
    ] = None,
    instances: Annotated[int, typer.Option(min=1, max=256, help="Instances of each.")] = 7,
    form: Annotated[
        FormChoice, typer.Option(help="Class folders of PNG, or one parquet file.")
    ] = FormChoice.FOLDER,
    device: DeviceOption = "auto",
    seed: Annotated[int, typer.Option(min=0, help="Decides every picture.")] = 0,
    offline: OfflineOption = False,
) -> None:
    """Make instances and keep them as a data set, to look at or to scan with elsewhere."""
    from auditor.entities.kept import Form, keep, require_new

    require_new(out)
    bank = _opened(source, base, instances, device, seed, offline, labels)
    with progress_bar() as progress:
        count = keep(bank, out, Form(form.value), instances=instances, progress=progress)
    print(f"entities   {len(bank.entities):,}")
    print(f"instances  {count:,}")
    print(f"folder     {out}")


def _opened(
    source: str,
    base: str | None,
    instances: int,
    device: str,
    seed: int,
    offline: bool,
    labels: int | None = None,
) -> EntityBank:
    from auditor.datasets.open import DatasetSpec
    from auditor.entities.making import Making
    from auditor.entities.open import BASE_PREFIX, open_entities
    from auditor.entities.sources import base_bank

    with progress_bar() as progress:
        making = Making(base=base, device=device, instances=instances, progress=progress)
        if labels is None:
            spec = DatasetSpec(source=source, offline=offline)
            return open_entities(spec, seed=seed, making=making)
        if not source.startswith(BASE_PREFIX):
            raise UsageError("--labels is for --from base:MODEL", hint="Leave it out.")
        model = source.removeprefix(BASE_PREFIX)
        return base_bank(model, making, seed, offline=offline, labels=labels)
