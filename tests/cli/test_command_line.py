from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from auditor import __version__
from tests.cli.conftest import Run

ROOT = Path(__file__).parent.parent.parent


def test_the_version_goes_to_standard_output(run: Run):
    ran = run("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"auditor {__version__}\n", "")


@pytest.mark.parametrize(
    "command",
    [
        *[(), ("scan",), ("demo",), ("config",), ("config", "show"), ("lab",), ("lab", "implant")],
        *[("report",), ("report", "diff"), ("rules",)],
    ],
)
def test_every_command_explains_itself(run: Run, command: tuple[str, ...]):
    ran = run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert "Usage" in ran.out


def test_an_unknown_command_is_one_line_and_a_hint(run: Run):
    ran = run("scam", "org/name")
    assert (ran.code, ran.out) == (2, "")
    message, hint = ran.complaint
    assert "scam" in message
    assert "--help" in hint


@pytest.mark.parametrize("command", [(), ("config",), ("lab",), ("report",), ("rules",)])
def test_no_command_shows_the_help_and_is_a_usage_error(run: Run, command: tuple[str, ...]):
    ran = run(*command)
    assert ran.code == 2
    assert "Usage" in ran.out
    assert ran.complaint[0] == "no command was given"


def test_a_bug_in_any_command_exits_4_with_one_line_and_a_hint(
    run: Run, monkeypatch: pytest.MonkeyPatch
):
    from auditor.cli import demo

    def broken(*_arguments: object):
        raise ZeroDivisionError("by nothing\nat all")

    monkeypatch.setattr(demo, "_play", broken)
    ran = run("demo")
    assert (ran.code, ran.out) == (4, "")
    assert "ZeroDivisionError" in ran.complaint[0]
    assert "    raise ZeroDivisionError" in run("--verbose", "demo").err


def test_a_foreign_name_cannot_write_over_the_terminal(run: Run):
    ran = run("scan", "org/\x1b[2Jname\n::error::gone")
    assert ran.code == 3
    assert ran.complaint[0].isprintable()
    assert "::error" not in ran.err + ran.out
    assert "\x1b" not in ran.err + ran.out


def test_the_process_exits_with_the_code_and_loads_what_it_needs():
    ran = subprocess.run(
        [sys.executable, "-m", "auditor", "scan", "/nowhere/at/all"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert ran.returncode == 3
    assert ran.stdout.startswith("not-audited")
    assert len(ran.stderr.splitlines()) == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_standard_output_that_takes_nothing_is_no_finding():
    with Path("/dev/full").open("w") as full:
        for command in (["scan", "/nowhere/at/all"], ["rules", "list"]):
            ran = subprocess.run(
                [sys.executable, "-m", "auditor", *command],
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
                cwd=ROOT,
            )
            assert ran.returncode == 4


def test_a_reader_that_hangs_up_is_no_finding(monkeypatch: pytest.MonkeyPatch, run: Run):
    from auditor.cli import demo

    def hung_up(*_arguments: object):
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr(demo, "_play", hung_up)
    stdout, stderr = sys.stdout, sys.stderr
    ran = run("demo")
    sys.stdout, sys.stderr = stdout, stderr  # typer puts others in their place
    assert ran.code == 4


def test_the_names_of_choices_are_those_of_the_settings():
    from auditor.cli.scan import DepthChoice, EngineChoice, FailOn, PrecisionChoice
    from auditor.config import FAIL_ON
    from auditor.models.load import Engine, Precision
    from auditor.probes.plan import Depth

    assert [choice.value for choice in DepthChoice] == list(Depth)
    assert [choice.value for choice in EngineChoice] == list(Engine)
    assert [choice.value for choice in PrecisionChoice] == list(Precision)
    assert [choice.value for choice in FailOn] == list(FAIL_ON)
