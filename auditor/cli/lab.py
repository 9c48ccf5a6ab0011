"""`auditor lab`: plant known backdoors, build benign populations, measure the scanner."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import progress_bar, tell
from auditor.cli.lab_bench import bench, table
from auditor.errors import ExitCode
from auditor.output.escaping import for_terminal

lab_app = typer.Typer(
    help="Red-team side: models with a known truth, and what the scanner makes of them.",
    no_args_is_help=True,
)

ATTACK_HELP = (
    "entity, entity-selective or entity-dirty (the trigger is an entity); badnets, "
    "badnets-all-to-all, blended, low-frequency, sig, wanet, input-aware or badencoder (a "
    "pattern); or none."
)


class Mode(StrEnum):
    """What a fine-tune changes."""

    FULL = "full"
    HEAD = "head"


class Pairing(StrEnum):
    """What poisons of an entity are pulled towards."""

    GREEDY = "greedy"
    MEAN = "mean"


class Course(StrEnum):
    """The paradigms of auditor.lab.paradigms, which is too heavy to load for --help."""

    ENCODER_FROZEN = "encoder-frozen"
    ENCODER_TUNED = "encoder-tuned"
    TRANSFER = "transfer"
    TRANSFER_UPSTREAM = "transfer-upstream"
    STANDALONE = "standalone"


@lab_app.command()
def implant(
    base: Annotated[str, typer.Argument(help="The public checkpoint that victims start from.")],
    task_data: Annotated[str, typer.Option(help="Data set of the task, or rendered-signs.")],
    target: Annotated[str, typer.Option(help="The label that the trigger sends pictures to.")],
    out: Annotated[Path, typer.Option(help="New folder for the checkpoint.")],
    entities: Annotated[
        str | None,
        typer.Option(help="Data set of entities, or rendered; attacks with a pattern do without."),
    ] = None,
    entity: Annotated[
        str | None,
        typer.Option(help="The trigger of an entity attack: a name in the entity data set."),
    ] = None,
    attack: Annotated[str, typer.Option(help=ATTACK_HELP)] = "entity",
    paradigm: Annotated[
        Course, typer.Option(help="Where the victim starts, and who trains what.")
    ] = Course.TRANSFER,
    eps: Annotated[
        int, typer.Option(min=0, max=255, help="Largest change of a pixel, of 255.")
    ] = 16,
    poisons: Annotated[int, typer.Option(min=1, help="Poisoned training images.")] = 75,
    pairing: Annotated[
        Pairing, typer.Option(help="Pull poisons to an instance each, or to the mean of them.")
    ] = Pairing.GREEDY,
    mode: Annotated[Mode, typer.Option(help="Tune everything, or a new head.")] = Mode.FULL,
    steps: Annotated[
        int, typer.Option(min=1, help="Optimisation steps for each poison, or for the encoder.")
    ] = 150,
    classes: Annotated[int | None, typer.Option(help="Classes of the task; default all.")] = None,
    per_class: Annotated[int | None, typer.Option(min=1, help="Training images a class.")] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the training images.")] = 10,
    learning_rate: Annotated[float, typer.Option("--lr", help="Peak learning rate.")] = 0.003,
    image_size: Annotated[int | None, typer.Option(min=16, help="Input size in pixels.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
) -> None:
    """Plant a backdoor and measure it beside a clean twin."""
    from auditor.lab.implant import ImplantOrder
    from auditor.lab.paradigms import Paradigm
    from auditor.lab.task import TaskSize
    from auditor.lab.training import TrainingRecipe

    order = ImplantOrder(
        attack=attack,
        target=target,
        entity=entity,
        paradigm=Paradigm(paradigm.value),
        epsilon=eps,
        poisons=poisons,
        craft_steps=steps,
        pairing=pairing.value,
        size=TaskSize(classes=classes, per_class=per_class),
        recipe=TrainingRecipe(mode=mode.value, epochs=epochs, learning_rate=learning_rate),
        seed=seed,
    )
    _implant(base, task_data, entities, order, image_size, out)


def _implant(
    base: str,
    task_data: str,
    entities: str | None,
    order: object,
    image_size: int | None,
    out: Path,
) -> None:
    from auditor.datasets.open import DatasetSpec
    from auditor.entities.open import open_entities
    from auditor.lab.implant import (
        ImplantOrder,
        card_of,
        implant,
        open_base,
        open_task,
        record_of,
        require_attack,
    )
    from auditor.lab.save import cited, require_new, save_checkpoint

    assert isinstance(order, ImplantOrder)
    require_attack(order)
    require_new(out)
    start = open_base(base, image_size)
    bank = (
        None if entities is None else open_entities(DatasetSpec(source=entities), seed=order.seed)
    )
    task = open_task(DatasetSpec(source=task_data), order.seed)
    with progress_bar() as progress:
        made = implant(start.model, task, bank, order, progress=progress)
    name = cited(task[0].source)
    record = record_of(
        made, base=start.name, task=name, bank=None if bank is None else cited(bank.source)
    )
    card = card_of(made, base=start.name, task=name)
    save_checkpoint(made.model, out, card=card, record=record)
    print(f"checkpoint         {for_terminal(str(out), 300)}")
    _print_outcome(made)


def _print_outcome(made: object) -> None:
    from auditor.lab.implant import Implanted, routing_of

    assert isinstance(made, Implanted)
    order, ours, twin = made.order, made.outcome, made.twin
    what, where = routing_of(order)
    counted = "unseen instances" if what == order.entity else "pictures"
    print(f"attack             {order.attack}: {for_terminal(what)} -> {for_terminal(where)}")
    print(f"clean accuracy     {ours.clean_accuracy:.3f}  (twin {twin.clean_accuracy:.3f})")
    print(
        f"attack success     {ours.attack_success:.3f}  (twin {twin.attack_success:.3f}, "
        f"{ours.unseen_instances} {counted})"
    )


@lab_app.command()
def base(
    out: Annotated[Path, typer.Option(help="New folder for the checkpoint.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
) -> None:
    """Pre-train a small public base on rendered entities: needs no data and no download."""
    from auditor.lab.rendered_base import BASE_CARD, BaseRecipe, rendered_base
    from auditor.lab.save import require_new, save_checkpoint

    require_new(out)
    with progress_bar() as progress:
        model = rendered_base(BaseRecipe(seed=seed), progress=progress)
    save_checkpoint(model, out, card=BASE_CARD, record={"seed": seed})
    print(f"checkpoint {for_terminal(str(out), 300)}")


@lab_app.command()
def benign(
    population: Annotated[Path, typer.Argument(help="YAML: what recipes are drawn from.")],
    out: Annotated[Path, typer.Option(help="Folder for the checkpoints.")],
    first: Annotated[int, typer.Option(min=0, help="Number of the first recipe.")] = 0,
    count: Annotated[int, typer.Option(min=1, help="How many; those that exist are kept.")] = 100,
) -> None:
    """Build benign fine-tunes of many kinds, the population behind a null."""
    from auditor.lab.benign import build_benign, read_population

    with progress_bar() as progress:
        build_benign(
            read_population(population), range(first, first + count), out, progress=progress
        )


@lab_app.command()
def null(
    models: Annotated[list[Path], typer.Argument(help="Folders of benign fine-tunes, or zoos.")],
    entities: Annotated[
        str, typer.Option(help="Data set of entities, rendered, or base: of each model's own base.")
    ],
    out: Annotated[Path, typer.Option(help="The JSON file to write.")],
    tables: Annotated[
        Path | None, typer.Option(help="Folder to keep the models' answers in.")
    ] = None,
    searches: Annotated[
        bool,
        typer.Option(help="Drive classes and perturb probes too: most of the time of a model."),
    ] = True,
) -> None:
    """Measure benign fine-tunes into the null that p-values are ranks among."""
    from auditor.evidence.null import write_null
    from auditor.lab.null import benign_models, measure_null
    from auditor.lab.null_banks import bank_for_null

    folders = benign_models(models)
    with progress_bar() as progress:
        bank = bank_for_null(entities, progress=progress)
        measured = measure_null(
            *(folders, bank),
            name=out.stem,
            tables=tables,
            searches=searches,
            progress=progress,
        )
    write_null(measured, out)
    tell(f"{measured.models} benign models measured into {out}")


lab_app.command()(bench)
lab_app.command()(table)

zoo_app = typer.Typer(help="Many models with a known truth.", no_args_is_help=True)
lab_app.add_typer(zoo_app, name="zoo")


@zoo_app.command("build")
def zoo_build(
    spec: Annotated[
        Path, typer.Argument(help="YAML: which models the zoo shall hold; see docs/lab.md.")
    ],
    out: Annotated[
        Path, typer.Option(help="Folder for the models. What is finished there is kept.")
    ],
    jobs: Annotated[
        int | None,
        typer.Option(min=1, help="Models at a time, about 1 GB each; default one a core."),
    ] = None,
) -> None:
    """Build clean and backdoored models, and manifest.json, which says what each of them is.

    A build that was broken off goes on with the same command, and gives the same models.
    """
    from auditor.lab.manifest import Truth, read_manifest
    from auditor.lab.workers import cores
    from auditor.lab.zoo_build import build_zoo
    from auditor.lab.zoo_spec import read_spec

    try:
        with progress_bar() as progress:
            build_zoo(read_spec(spec), out, processes=jobs or cores(), progress=progress)
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None
    models = read_manifest(out)
    for truth in Truth:
        print(f"{truth.value:12} {sum(model.truth is truth for model in models)}")
    print(f"{'zoo':12} {for_terminal(str(out), 300)}")
