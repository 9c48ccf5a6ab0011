"""Everything that can go wrong on purpose, as one small tree.

    AuditorError                  message + hint + exit code; the CLI prints both, no traceback
    |- UsageError          (2)    the command line, a configuration file or a rule file is wrong
    '- NotAudited          (3)    there is no verdict, and that must not look like one
       |- CheckpointError         the checkpoint cannot be found, reached or trusted
       |- UnsupportedModel        it was read, but it is not a kind of model auditor can probe
       |- EntityError             the entity source holds nothing to probe with
       '- MissingPackage          an extra is needed that is not installed

Anything else that escapes is a bug in auditor (exit code 4).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """What the process says when it ends; the whole contract of a gate."""

    AUDITED = 0
    FINDINGS = 1
    USAGE = 2
    NOT_AUDITED = 3
    BUG = 4


class AuditorError(Exception):
    """A foreseen failure: what happened, and what the user can do next.

    Args:
        message: One line, what happened, naming the file or option.
        hint: One line, what to do next.
    """

    exit_code: ExitCode = ExitCode.NOT_AUDITED

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AuditorError):
    """The command line, a configuration file or a rule file is wrong."""

    exit_code = ExitCode.USAGE


class NotAudited(AuditorError):  # noqa: N818 - the name of a verdict
    """No verdict can be given. What is known of the model's files nevertheless goes along."""

    exit_code = ExitCode.NOT_AUDITED
    known_of_files: Any = None  # an `auditor.intake.Intake`, which this file knows nothing of


class CheckpointError(NotAudited):
    """The checkpoint cannot be found, reached, or opened without risk."""


class UnsupportedModel(NotAudited):
    """The checkpoint was read, but auditor cannot probe this kind of model."""


class EntityError(NotAudited):
    """The entity source (or a data set) holds nothing that can be used."""


class MissingPackage(NotAudited):
    """An optional package is needed and not installed."""


@contextmanager
def about(name: str) -> Iterator[None]:
    """Say which of several sources a complaint is about."""
    try:
        yield
    except AuditorError as error:
        raise type(error)(f"{name}: {error.message}", hint=error.hint) from error
