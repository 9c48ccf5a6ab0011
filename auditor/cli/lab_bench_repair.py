"""`auditor lab bench --what repair|sequela`: every method of repair on the victims of a zoo."""

from __future__ import annotations

import fnmatch
import shlex
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from auditor.cli.console import progress_bar, tell
from auditor.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from auditor.lab.manifest import ZooModel

Progress = Callable[[str, int, int], None]


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

    names = _named(ordered, NAMES)
    zoo = open_zoo(ordered.zoo)
    victims = _victims(ordered, zoo.models)
    with _resumable(ordered) as progress:
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
    _require(rows)
    publish(rows, ordered.out, _command(ordered, zoo.name))
    print(f"repairs  {len(rows)}")
    print(f"page     {ordered.out / PAGE}")


def bench_sequela(ordered: RepairBench) -> None:
    """Repair the victims of a zoo with each method, and measure what else that changed."""
    from auditor.lab.detection.zoo import open_zoo
    from auditor.lab.repairs.aftermath import run_aftermath
    from auditor.lab.repairs.publish import SEQUELA_PAGE, publish_aftermath
    from auditor.lab.repairs.run import Budget
    from auditor.lab.workers import cores
    from auditor.repair.methods import METHODS

    names = _named(ordered, tuple(METHODS))
    zoo = open_zoo(ordered.zoo)
    with _resumable(ordered) as progress:
        rows = run_aftermath(
            zoo.models,
            _victims(ordered, zoo.models),
            zoo.entities,
            names,
            Budget(per_class=ordered.per_class, steps=ordered.steps),
            ordered.out,
            processes=ordered.jobs or cores(),
            progress=progress,
        )
    _require(rows)
    publish_aftermath(rows, ordered.out, _command(ordered, zoo.name, what="sequela"))
    print(f"repairs  {len(rows)}")
    print(f"page     {ordered.out / SEQUELA_PAGE}")


@contextmanager
def _resumable(ordered: RepairBench) -> Iterator[Progress]:
    try:
        with progress_bar() as progress:
            yield progress
    except KeyboardInterrupt:
        tell(f"interrupted: the same command goes on with what is missing in {ordered.out}")
        raise typer.Exit(ExitCode.NOT_AUDITED) from None


def _named(ordered: RepairBench, there: Sequence[str]) -> Sequence[str]:
    names = _split(ordered.methods) or there
    unknown = [name for name in names if name not in there]
    if unknown:
        raise UsageError(f"no such method: {unknown[0]}", hint=f"There are: {', '.join(there)}.")
    return names


def _victims(ordered: RepairBench, models: Sequence[ZooModel]) -> list[ZooModel]:
    wanted = _split(ordered.victims) or ["*"]
    return [m for m in models if any(fnmatch.fnmatch(m.id, each) for each in wanted)]


def _require(rows: Sequence[object]) -> None:
    if not rows:
        raise UsageError(
            "no victim of the zoo is named so and works", hint="Name others with --victims."
        )


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",") if name.strip()]


def _command(ordered: RepairBench, zoo: str, what: str = "repair") -> str:
    """The command with every option that the figures depend on, and no path of this machine."""
    said = {
        "--zoo": f"ZOO:{zoo}",
        "--out": "DIR",
        "--victims": ordered.victims,
        "--methods": ordered.methods,
        "--seeds": str(ordered.seeds) if what == "repair" else "",
        "--clean-per-class": str(ordered.per_class),
        "--steps": str(ordered.steps),
    }
    words = [word for option, value in said.items() if value for word in (option, value)]
    return shlex.join(["auditor", "lab", "bench", "--what", what, *words])
