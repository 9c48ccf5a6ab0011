"""`auditor lab bench --what plan`: a sequential plan beside an exhaustive one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer

from auditor.cli.console import progress_bar, tell
from auditor.errors import ExitCode, UsageError
from auditor.output.escaping import for_terminal


@dataclass(frozen=True, slots=True)
class PlanBench:
    """What was ordered; fields are the options of `auditor lab bench`."""

    zoo: Path | None
    out: Path | None
    entities: str | None
    many: str | None
    fpr: float
    seed: int
    limit: int | None
    plot: bool


def bench_plan(ordered: PlanBench) -> None:
    """Compare plans on a zoo, and say where the page is."""
    if ordered.zoo is None or ordered.out is None:
        raise UsageError("plan needs a zoo and a folder", hint="Give --zoo DIR --out DIR.")
    from auditor.lab.detection.detector import BenchContext
    from auditor.lab.detection.plot import require_plotting
    from auditor.lab.detection.zoo import open_zoo, some_of
    from auditor.lab.plans.page import PAGE, publish
    from auditor.lab.plans.run import compare_plans, entities_asked

    if ordered.plot:
        require_plotting()
    zoo = open_zoo(ordered.zoo)
    models = some_of(zoo.models, ordered.limit)
    context = BenchContext(
        entities=ordered.entities or zoo.entities, fpr=ordered.fpr, seed=ordered.seed
    )
    try:
        with progress_bar() as progress:
            rows = compare_plans(models, context, ordered.many, ordered.out, progress=progress)
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {ordered.out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None
    command = _command(ordered, zoo.name, context.entities)
    entities = entities_asked(context)
    publish(rows, entities, ordered.out, command, zoo.name, plot=ordered.plot)
    print(f"models  {len(models)}")
    print(f"page    {for_terminal(str(ordered.out / PAGE), 300)}")


def _command(ordered: PlanBench, zoo: str, entities: str) -> str:
    """The command with every option that the figures depend on, and no path of this machine."""
    from auditor.lab.save import cited

    return " ".join(
        [
            f"auditor lab bench --what plan --zoo ZOO:{zoo} --out DIR",
            f"--entities {cited(entities)} --fpr {ordered.fpr:g} --seed {ordered.seed}",
            *(() if ordered.many is None else (f"--many {cited(ordered.many)}",)),
            *(() if ordered.limit is None else (f"--limit {ordered.limit}",)),
        ]
    )
