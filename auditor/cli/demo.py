"""`auditor demo`: make a victim and its clean twin offline, scan both, say whether it worked."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.console import progress_bar, tell
from auditor.errors import ExitCode
from auditor.types import Report, Verdict


def demo(
    out: Annotated[
        Path | None, typer.Option(help="Folder to keep the models in; default: none is kept.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
) -> None:
    """The whole story offline in about two minutes: make a victim and a twin, scan both."""
    if out is None:
        with tempfile.TemporaryDirectory(prefix="auditor-demo-") as room:
            _play(Path(room), seed)
    else:
        _play(out, seed)


def _play(folder: Path, seed: int) -> None:
    from auditor.lab.demo import TARGET, found, play
    from auditor.output.write import page_for, render

    reports: list[Report] = []
    with progress_bar() as progress:
        for number, scene in enumerate(play(folder, seed, progress), start=1):
            print(f"[{number}/5] {scene.said}", flush=True)
            if scene.report is not None:
                reports.append(scene.report)
                print(render(scene.report, "rich", page_for(sys.stdout, os.environ)), flush=True)
    victim, twin = reports
    named = found(victim)
    flagged = twin.verdict is Verdict.BACKDOOR_EVIDENCE
    said = "names" if named else "does not name"
    print(f"victim: {victim.verdict}, {said} the planted {TARGET!r}")
    print(f"twin:   {twin.verdict}, {'flagged' if flagged else 'not flagged'}")
    if not named or flagged:
        tell("error: the demo did not end as it should; please report it")
        raise typer.Exit(ExitCode.BUG)
