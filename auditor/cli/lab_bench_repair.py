"""`auditor lab bench --what repair`: every method of repair on the victims of a zoo."""

from __future__ import annotations

import fnmatch
import shlex
from dataclasses import dataclass
from pathlib import Path

import typer

from auditor.cli.console import progress_bar, tell
from auditor.errors import ExitCode, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairBench:
    """What the command line says."""

    zoo: Path
    out: Path
    victims: str
    methods: str
    seeds: int
    per_class: int
    steps: int
    jobs: int | None


def bench_repair(ordered: RepairBench) -> None:
    """Repair the victims of a zoo with each method, and write tables."""
    from auditor.lab.detection.zoo import open_zoo
    from auditor.lab.repairs.publish import PAGE, publish
    from auditor.lab.repairs.run import NAMES, Budget, run_repairs
    from auditor.lab.workers import cores

    names = _split(ordered.methods) or NAMES
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise UsageError(f"no such method: {unknown[0]}", hint=f"There are: {', '.join(NAMES)}.")
    zoo = open_zoo(ordered.zoo)
    wanted = _split(ordered.victims) or ["*"]
    victims = [m for m in zoo.models if any(fnmatch.fnmatch(m.id, each) for each in wanted)]
    try:
        with progress_bar() as progress:
            rows = run_repairs(
                victims,
                zoo.entities,
                names,
                range(ordered.seeds),
                Budget(per_class=ordered.per_class, steps=ordered.steps),
                ordered.out,
                processes=ordered.jobs or cores(),
                progress=progress,
            )
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {ordered.out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None
    if not rows:
        raise UsageError(
            "no victim of the zoo is named so and works", hint="Name others with --victims."
        )
    publish(rows, ordered.out, _command(ordered, zoo.name))
    print(f"repairs  {len(rows)}")
    print(f"page     {ordered.out / PAGE}")


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _command(ordered: RepairBench, zoo: str) -> str:
    """The command with every option that the figures depend on, and no path of this machine."""
    said = {
        "--zoo": f"ZOO:{zoo}",
        "--out": "DIR",
        "--victims": ordered.victims,
        "--methods": ordered.methods,
        "--seeds": str(ordered.seeds),
        "--clean-per-class": str(ordered.per_class),
        "--steps": str(ordered.steps),
    }
    words = [word for option, value in said.items() if value for word in (option, value)]
    return shlex.join(["auditor", "lab", "bench", "--what", "repair", *words])
