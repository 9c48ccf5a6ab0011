"""`auditor lab bench` and `auditor lab table`: measure scanner and repairs, publish that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import progress_bar, tell
from auditor.cli.lab_bench_ablation import bench_ablation
from auditor.cli.lab_bench_plan import PlanBench, bench_plan
from auditor.cli.lab_bench_repair import RepairBench, bench_repair, bench_sequela
from auditor.errors import ExitCode, UsageError
from auditor.output.escaping import for_terminal

BENCHMARKS = "ablation, box, detection, evasion, plan, repair, sequela, synthesis, throughput"
VICTIMS = 6  # that evasions are tried on, where --limit says nothing

WhatOption = Annotated[str, typer.Option(help=f"One of: {BENCHMARKS}.")]
ModelOption = Annotated[
    str | None,
    typer.Option(help="throughput, box: the checkpoint; synthesis: bases, separated by commas."),
]
ZooOption = Annotated[Path | None, typer.Option(help="Folder of `auditor lab zoo build`.")]
OutOption = Annotated[Path | None, typer.Option(help="Folder for results. Rows there are kept.")]
EntitiesOption = Annotated[
    str | None,
    typer.Option(help="Data set of entities, or rendered; default the zoo's, or rendered."),
]
DetectorsOption = Annotated[
    str, typer.Option(help="detection: names, separated by commas; default all.")
]
AgainOption = Annotated[
    str, typer.Option(help="detection: detectors whose rows in --out are thrown away.")
]
FprOption = Annotated[
    float, typer.Option(min=1e-06, max=0.5, help="False-positive rate at which is called.")
]
LimitOption = Annotated[
    int | None, typer.Option(min=1, help="At most so many models; synthesis: labels.")
]
CleanPerClassOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="Clean pictures a class: detection, for baselines that need some (10); else "
        "to tune on (40).",
    ),
]
MethodsOption = Annotated[
    str, typer.Option(help="repair, sequela: names, separated by commas; default all.")
]
VictimsOption = Annotated[
    str,
    typer.Option(help="repair, sequela: ids, separated by commas, with * for any; default all."),
]
SeedsOption = Annotated[int, typer.Option(min=1, help="repair: times that each is done.")]
StepsOption = Annotated[int, typer.Option(min=2, help="repair, sequela: steps of every method.")]
JobsOption = Annotated[
    int | None, typer.Option(min=1, help="Models at a time; default one a core.")
]
PlotOption = Annotated[bool, typer.Option(help="detection, plan: draw a picture.")]
ManyOption = Annotated[
    str | None,
    typer.Option(help="plan: data set of more entities, for what clean models cost by number."),
]
TablesOption = Annotated[
    Path | None, typer.Option(help="ablation: folder for answers, kept as those of `lab null`.")
]
NullOption = Annotated[
    Path | None, typer.Option(help="ablation: a null to compare with; default the shipped one.")
]
SeedOption = Annotated[int, typer.Option(min=0, help="detection: seed of everything random.")]


def bench(
    what: WhatOption,
    model: ModelOption = None,
    zoo: ZooOption = None,
    out: OutOption = None,
    entities: EntitiesOption = None,
    detectors: DetectorsOption = "",
    again: AgainOption = "",
    fpr: FprOption = 0.01,
    limit: LimitOption = None,
    clean_per_class: CleanPerClassOption = None,
    methods: MethodsOption = "",
    victims: VictimsOption = "",
    seeds: SeedsOption = 3,
    steps: StepsOption = 200,
    jobs: JobsOption = None,
    plot: PlotOption = True,
    seed: SeedOption = 0,
    many: ManyOption = None,
    tables: TablesOption = None,
    null: NullOption = None,
) -> None:
    """Measure auditor itself: how well it detects, how well it repairs, how fast it is."""
    if what == "throughput":
        _throughput(model, entities or "rendered")
        return
    if what == "box":
        _box(model, entities or "rendered")
        return
    if what == "synthesis":
        _synthesis(_split(model or ""), out, limit, seed)
        return
    if what == "evasion":
        _evasion(zoo, out, entities, fpr, seed, limit)
        return
    if what == "plan":
        bench_plan(PlanBench(zoo, out, entities, many, fpr, seed, limit, plot))
        return
    if what not in BENCHMARKS.split(", "):
        raise UsageError(f"no such benchmark: {what}", hint=f"There is: {BENCHMARKS}.")
    if zoo is None or out is None:
        raise UsageError(f"{what} needs a zoo and a folder", hint="Give --zoo DIR --out DIR.")
    if what == "ablation":
        bench_ablation(zoo, out, entities, tables, null, fpr, seed, limit)
        return
    if what in ("repair", "sequela"):
        ordered = RepairBench(
            zoo=zoo,
            out=out,
            victims=victims,
            methods=methods,
            seeds=seeds,
            per_class=clean_per_class or 40,
            steps=steps,
            jobs=jobs,
        )
        (bench_repair if what == "repair" else bench_sequela)(ordered)
        return
    context = (entities, fpr, seed, clean_per_class or 10)
    _open_and_detect(zoo, out, detectors, again, context, limit, jobs, plot)


def _open_and_detect(
    folder: Path,
    out: Path,
    detectors: str,
    again: str,
    told: tuple[str | None, float, int, int],
    limit: int | None,
    jobs: int | None,
    plot: bool,
) -> None:
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.detection.detectors import choose_detectors
    from auditor.lab.detection.plot import require_plotting
    from auditor.lab.detection.zoo import open_zoo

    names = choose_detectors(_split(detectors))
    anew = choose_detectors(_split(again)) if again else ()
    if plot:
        require_plotting()
    zoo = open_zoo(folder)
    entities, fpr, seed, clean_per_class = told
    context = BenchContext(
        entities=entities or zoo.entities,
        fpr=fpr,
        seed=seed,
        clean_per_class=clean_per_class,
    )
    _detection(zoo, names, anew, context, limit, out, jobs, plot)


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
        *("auditor", "lab", "bench", "--what", "evasion", "--zoo", f"ZOO:{opened.name}"),
        *("--out", "DIR"),
        *("--entities", cited(context.entities), "--fpr", f"{fpr:g}", "--seed", str(seed)),
        *("--limit", str(victims)),
    ]
    publish(document_of(opened, rows, context, command), out)
    print(f"page       {for_terminal(str(out / PAGE), 300)}")


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _detection(
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
    command = _command(zoo.name, names, context, limit)
    publish(document_of(zoo, models, rows, context, command), out, plot=plot)
    print(f"models     {len(models)}")
    print(f"detectors  {', '.join(names)}")
    print(f"page       {for_terminal(str(out / PAGE), 300)}")


def _command(zoo: str, names: tuple[str, ...], context: object, limit: int | None) -> list[str]:
    """The command with every option that the figures depend on, and no path of this machine."""
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.save import cited

    assert isinstance(context, BenchContext)
    return [
        *("auditor", "lab", "bench", "--what", "detection", "--zoo", f"ZOO:{zoo}"),
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


def _synthesis(bases: list[str], out: Path | None, labels: int | None, seed: int) -> None:
    from auditor.lab.save import cited
    from auditor.lab.synthesis import LABELS, PAGE, measure_synthesis, publish_synthesis

    if not bases or out is None:
        raise UsageError(
            "synthesis needs bases and a folder", hint="Give --model BASE,BASE --out DIR."
        )
    with progress_bar() as progress:
        rows = measure_synthesis(bases, labels=labels or LABELS, seed=seed, progress=progress)
    named = ",".join(cited(base) for base in bases)
    options = f"--model {named} --out DIR --limit {labels or LABELS} --seed {seed}"
    publish_synthesis(rows, out, f"auditor lab bench --what synthesis {options}")
    print(f"bases  {len(bases)}")
    print(f"page   {out / PAGE}")


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


def _box(model: str | None, entities: str) -> None:
    if model is None:
        raise UsageError("box needs a model", hint="Name a checkpoint with --model.")
    from auditor.lab.box_cost import measure_box

    with progress_bar() as progress:
        result = measure_box(model, entities, progress=progress)
    print(f"rounds            {len(result.pairs)}")
    for what, unit in enumerate(("s", "s of the processor")):
        boxed, bare = result.median(what)
        added, least, most = result.added(what)
        print(f"scan in the box   {boxed:.2f} {unit}, without {bare:.2f}")
        print(f"added by the box  {added:.2f} {unit} ({least:.2f} to {most:.2f})")
