"""What the docs say can be done can be done: commands parse, links lead somewhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
import typer
import yaml

from auditor.cli.main import app
from auditor.output.write import FORMATS
from tests.docs.pages import PAGES, ROOT, USER_PAGES, blocks, commands, links, name_of, workflows

SHOWN = [(page, command) for page in USER_PAGES for command in commands(page)]
CI = ROOT / "docs" / "ci.md"
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
OURS = "OWNER/auditor@COMMIT"
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
# Formats that a page may name before the branch that writes them is here.


def parse(command: list[str]) -> None:
    """Read a command line as `auditor` would, and run nothing."""
    at, left, name = typer.main.get_command(app), list(command), "auditor"
    context = None
    while hasattr(at, "commands"):
        name = left.pop(0)
        at = at.commands[name]
    context = at.make_context(name, left, parent=context)
    for output in context.params.get("output") or []:
        assert output.partition("=")[0] in FORMATS, output


def test_there_are_commands_to_read():
    assert len(SHOWN) > 15


@pytest.mark.parametrize(
    ("page", "command"), SHOWN, ids=[f"{name_of(page)}: {' '.join(c)[:60]}" for page, c in SHOWN]
)
def test_a_command_that_is_shown_parses(page: Path, command: list[str]):
    parse(command)


@pytest.mark.parametrize("command", [["scan", "x", "--fail-hard"], ["scam"], ["scan", "x", "y"]])
def test_one_that_would_fail_does_not_parse(command: list[str]):
    with pytest.raises((click.UsageError, typer.BadParameter.__mro__[1], KeyError)):
        parse(command)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path):
    for link in links(page):
        if not link.startswith(("https://", "http://", "#", "mailto:")):
            assert (page.parent / link.partition("#")[0]).exists(), link


def test_the_index_names_every_page():
    named = set(links(ROOT / "docs" / "index.md"))
    pages = {page.name for page in USER_PAGES if page.parent == ROOT / "docs"}
    assert pages - {"index.md"} <= named


def test_workflows_that_are_shown_use_the_action_as_it_is():
    shown = workflows(CI)
    assert len(shown) == 2
    for workflow in shown:
        assert workflow["permissions"] == {}
        steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
        used = [step["uses"] for step in steps if "uses" in step]
        assert OURS in used
        assert all(PINNED.fullmatch(name) for name in used if name != OURS), used
        ours = next(step for step in steps if step.get("uses") == OURS)
        assert ours["with"].keys() <= ACTION["inputs"].keys()
        asked = re.findall(rf"steps\.{ours['id']}\.outputs\.([\w-]+)", str(steps))
        assert set(asked) <= ACTION["outputs"].keys()


@pytest.mark.parametrize("number", [0, 1])
def test_workflows_that_are_shown_pass_the_linters(number: int, tmp_path: Path):
    folder = Path(sys.executable).parent
    lint, audit = (shutil.which(name, path=folder) for name in ("jactionlint", "zizmor"))
    if lint is None or audit is None:
        pytest.skip("the linters of `make lint` are not installed")
    shown = [block for block in blocks(CI, "yaml") if "\njobs:" in block][number]
    file = tmp_path / ".github" / "workflows" / "shown.yml"
    file.parent.mkdir(parents=True)
    file.write_text(shown.replace(OURS, f"acme/auditor@{'0' * 40}"))
    for command in ([lint, "--shellcheck=", file], [audit, "--offline", "--no-config", file]):
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
