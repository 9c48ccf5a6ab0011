"""`auditor lab bench` and `auditor lab table`: measure the scanner, publish what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import progress_bar, tell
from auditor.errors import ExitCode, UsageError
from auditor.output.escaping import for_terminal

BENCHMARKS = "detection, evasion, throughput"
VICTIMS = 6  # that evasions are tried on, where --limit says nothing


def bench(
    what: Annotated[str, typer.Option(help=f"One of: {BENCHMARKS}.")],
    model: Annotated[str | None, typer.Option(help="throughput: the checkpoint to run.")] = None,
    zoo: Annotated[
        Path | None, typer.Option(help="detection: folder of `auditor lab zoo build`.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for results; rows are kept.")] = None,
    entities: Annotated[
        str | None,
        typer.Option(help="Data set of entities, or rendered; default the zoo's, or rendered."),
    ] = None,
    detectors: Annotated[
        str, typer.Option(help="detection: names, separated by commas; default all.")
    ] = "",
    again: Annotated[
        str, typer.Option(help="detection: detectors whose rows in --out are thrown away.")
    ] = "",
    fpr: Annotated[
        float, typer.Option(min=1e-6, max=0.5, help="False-positive rate at which is called.")
    ] = 0.01,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many models.")] = None,
    clean_per_class: Annotated[
        int, typer.Option(min=1, help="detection: clean pictures for baselines that need some.")
    ] = 10,
    jobs: Annotated[
        int | None, typer.Option(min=1, help="detection: models at a time; default one a core.")
    ] = None,
    plot: Annotated[bool, typer.Option(help="detection: draw detection.png.")] = True,
    seed: Annotated[int, typer.Option(min=0, help="detection: seed of everything random.")] = 0,
) -> None:
    """Measure the scanner itself: how well it detects beside other detectors, or how fast it is."""
    if what == "throughput":
        _throughput(model, entities or "rendered")
        return
    if what == "repair":
        raise UsageError("there is no benchmark of repairs yet", hint=f"There is: {BENCHMARKS}.")
    if what == "evasion":
        _evasion(zoo, out, entities, fpr, seed, limit)
        return
    if what != "detection":
        raise UsageError(f"no such benchmark: {what}", hint=f"There is: {BENCHMARKS}.")
    if zoo is None or out is None:
        raise UsageError("detection needs a zoo and a folder", hint="Give --zoo DIR --out DIR.")
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.detection.detectors import choose_detectors
    from auditor.lab.detection.plot import require_plotting
    from auditor.lab.detection.zoo import open_zoo

    names = choose_detectors(_split(detectors))
    anew = choose_detectors(_split(again)) if again else ()
    if plot:
        require_plotting()
    opened = open_zoo(zoo)
    context = BenchContext(
        entities=entities or opened.entities, fpr=fpr, seed=seed, clean_per_class=clean_per_class
    )
    _detection(zoo, opened, names, anew, context, limit, out, jobs, plot)


def _evasion(
    zoo: Path | None,
    out: Path | None,
    entities: str | None,
    fpr: float,
    seed: int,
    limit: int | None,
) -> None:
    if zoo is None or out is None:
        raise UsageError("evasion needs a zoo and a folder", hint="Give --zoo DIR --out DIR.")
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.detection.zoo import open_zoo
    from auditor.lab.evasion.page import PAGE, document_of, publish
    from auditor.lab.evasion.run import run_evasions
    from auditor.lab.save import cited

    opened = open_zoo(zoo)
    context = BenchContext(entities=entities or opened.entities, fpr=fpr, seed=seed)
    victims = limit or VICTIMS
    try:
        with progress_bar() as progress:
            rows = run_evasions(opened, context, victims, out, progress=progress)
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None
    command = [
        *("auditor", "lab", "bench", "--what", "evasion", "--zoo", cited(str(zoo)), "--out", "DIR"),
        *("--entities", cited(context.entities), "--fpr", f"{fpr:g}", "--seed", str(seed)),
        *("--limit", str(victims)),
    ]
    publish(document_of(opened, rows, context, command), out)
    print(f"page       {for_terminal(str(out / PAGE), 300)}")


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _detection(
    folder: Path,
    zoo: object,
    names: tuple[str, ...],
    again: tuple[str, ...],
    context: object,
    limit: int | None,
    out: Path,
    jobs: int | None,
    plot: bool,
) -> None:
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.detection.publish import PAGE, document_of, publish
    from auditor.lab.detection.run import run_detectors
    from auditor.lab.detection.zoo import Zoo, some_of
    from auditor.lab.workers import cores

    assert isinstance(zoo, Zoo)
    assert isinstance(context, BenchContext)
    models = some_of(zoo.models, limit)
    try:
        with progress_bar() as progress:
            rows = run_detectors(
                zoo,
                models,
                names,
                context,
                out,
                processes=jobs or cores(),
                again=again,
                progress=progress,
            )
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None
    command = _command(folder, names, context, limit)
    publish(document_of(zoo, models, rows, context, command), out, plot=plot)
    print(f"models     {len(models)}")
    print(f"detectors  {', '.join(names)}")
    print(f"page       {for_terminal(str(out / PAGE), 300)}")


def _command(folder: Path, names: tuple[str, ...], context: object, limit: int | None) -> list[str]:
    """The command with every option that the figures depend on, and no path of this machine."""
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.save import cited

    assert isinstance(context, BenchContext)
    return [
        *("auditor", "lab", "bench", "--what", "detection", "--zoo", cited(str(folder))),
        *("--out", "DIR", "--entities", cited(context.entities), "--detectors", ",".join(names)),
        *("--fpr", f"{context.fpr:g}", "--clean-per-class", str(context.clean_per_class)),
        *("--seed", str(context.seed)),
        *(() if limit is None else ("--limit", str(limit))),
    ]


def table(
    result: Annotated[Path, typer.Option(help="Folder that holds detection.json.")],
    readme: Annotated[Path, typer.Option(help="File with the markers of the table.")],
) -> None:
    """Put the table of a detection benchmark between the markers of a README."""
    from auditor.lab.detection.publish import read_result, update_readme

    update_readme(readme, read_result(result))


def _throughput(model: str | None, entities: str) -> None:
    if model is None:
        raise UsageError("throughput needs a model", hint="Name a checkpoint with --model.")
    from auditor.lab.throughput import measure_throughput

    with progress_bar() as progress:
        result = measure_throughput(model, entities, progress=progress)
    print(f"probes                         {result.probes}")
    print(f"scan                           {result.scan_images_per_second:,.0f} images/s")
    print(f"bare forward loop              {result.bare_images_per_second:,.0f} images/s")
    print(f"ratio                          {result.ratio:.2f}")
    print(f"share of scan inside the model {result.share_in_model:.2f}")
