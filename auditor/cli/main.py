"""`auditor`: the command line. Parses, wires, shows progress, writes, exits."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from auditor import __version__
from auditor.cli.config import config_app
from auditor.cli.console import VERBOSE, complain, complain_of_bug, tell
from auditor.cli.demo import demo
from auditor.cli.entities import entities_app
from auditor.cli.lab import lab_app
from auditor.cli.remediate import remediate
from auditor.cli.report import report_app
from auditor.cli.report_diff import diff
from auditor.cli.rules import rules_app
from auditor.cli.scan import scan
from auditor.cli.sequela import sequela
from auditor.errors import AuditorError, ExitCode, UsageError

# Some versions of typer import click, others carry a copy of it; this class is of either.
_COMMAND_LINE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]
_INTERRUPTED = 130  # what typer makes of Ctrl-C

app = typer.Typer(
    name="auditor",
    help="Audit the behaviour of fine-tuned models: does some kind of thing in the world "
    "silently steer this model to one class?",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(scan)
app.command()(remediate)
app.command()(sequela)
app.command()(demo)
app.add_typer(config_app, name="config")
app.add_typer(entities_app, name="entities")
app.add_typer(lab_app, name="lab")
report_app.command()(diff)
app.add_typer(report_app, name="report")
app.add_typer(rules_app, name="rules")


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"auditor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
    verbose: Annotated[bool, typer.Option(VERBOSE, help="Show tracebacks.")] = False,
) -> None:
    """Options that come before the command."""


def main() -> None:
    """Entry point: every foreseen failure is one line and a hint; anything else is a bug."""
    try:
        code = app(standalone_mode=False)
        if code == _INTERRUPTED:
            raise KeyboardInterrupt
    except AuditorError as error:
        complain(error)
        code = error.exit_code
    except _COMMAND_LINE_ERROR as error:
        complain(_as_usage_error(error))
        code = ExitCode.USAGE
    except (KeyboardInterrupt, typer.Abort):
        tell("interrupted: nothing was audited")
        code = ExitCode.NOT_AUDITED
    except SystemExit:  # typer's answer to a reader of standard output who hung up: exit code 1
        code = ExitCode.BUG
    except Exception as error:
        complain_of_bug(error)
        code = ExitCode.BUG
    sys.exit(code)


def _as_usage_error(error: Any) -> UsageError:
    said = error.format_message().replace("Value error, ", "") or "no command was given"
    command = error.ctx.command_path if error.ctx else app.info.name
    return UsageError(said[:1].lower() + said[1:], hint=f"See {command} --help.")
