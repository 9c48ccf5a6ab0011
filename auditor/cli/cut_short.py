"""A command that ends before its time still has a report to write, and an exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.cli.console import complain, complain_of_bug, tell
from auditor.errors import AuditorError, ExitCode, UsageError

_R = TypeVar("_R")


def or_not_audited(
    run: Callable[[], tuple[_R, ExitCode]],
    not_audited: Callable[[str, str, Exception | None], _R],
    interrupted: str,
) -> tuple[_R, ExitCode]:
    """What came of a command. Whatever goes wrong after it was understood gives a report too.

    Args:
        run: The command.
        not_audited: A report without a verdict: of a reason, what to do next, and the error.
        interrupted: What a reader is told where somebody interrupted it.

    Raises:
        UsageError: The command line is wrong after all; that has no report.
    """
    try:
        return run()
    except UsageError:
        raise
    except AuditorError as error:
        complain(error)
        return not_audited(error.message, error.hint, error), error.exit_code
    except KeyboardInterrupt:
        tell(interrupted)
        return not_audited(interrupted, "Run it again.", None), ExitCode.NOT_AUDITED
    except Exception as error:
        complain_of_bug(error)
        reason, hint = "auditor failed (a bug)", "Run again with --verbose and report it."
        return not_audited(reason, hint, None), ExitCode.BUG
