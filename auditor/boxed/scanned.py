"""What the child of a scan hands back: a report; or why there is none, and what was known."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.box.parent import error_of
from auditor.errors import AuditorError, NotAudited
from auditor.intake import Intake
from auditor.types import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """A report, or else an error by its name with what was known of the model's files by then."""

    report: Report | None = None
    error: str = ""
    message: str = ""
    hint: str = ""
    known: Intake | None = None

    @classmethod
    def without(cls, error: NotAudited) -> Scanned:
        """What there is to tell of an error that takes along what is known of files."""
        return cls(
            error=type(error).__name__,
            message=error.message,
            hint=error.hint,
            known=error.known_of_files,
        )

    def as_error(self) -> AuditorError:
        """The error again."""
        error = error_of(self.error, self.message, self.hint)
        if isinstance(error, NotAudited):
            error.known_of_files = self.known
        return error
