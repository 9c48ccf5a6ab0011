"""Reports on their way out: which format goes where, and what could not be written.

A format is imported when it is asked for: a JSON report needs no library of another format.
"""

from __future__ import annotations

import difflib
import os
import secrets
import stat
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from auditor.errors import UsageError
from auditor.output.convert_v1 import to_v1
from auditor.output.escaping import for_terminal
from auditor.output.report_v1 import ReportV1
from auditor.types import Report

STDOUT = "-"
NARROWEST, WIDEST = 60, 200
_USUAL_WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What the reader's side can show. A file gets the default."""

    width: int = 100
    color: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputTarget:
    """One report to write; `path` None stands for standard output."""

    format: str
    path: Path | None

    @property
    def name(self) -> str:
        """What a message calls it."""
        return "standard output" if self.path is None else for_terminal(str(self.path), 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFailure:
    """A report that could not be written, and the system's reason."""

    target: OutputTarget
    reason: str


def _rich(report: ReportV1, page: Page) -> str:
    from auditor.output import terminal

    return terminal.render(report, width=page.width, color=page.color)


def _json(report: ReportV1, page: Page) -> str:
    from auditor.output import json_v1

    return json_v1.render(report)


def _sarif(report: ReportV1, page: Page) -> str:
    from auditor.output import sarif

    return sarif.render(report)


def _html(report: ReportV1, page: Page) -> str:
    from auditor.output import html

    return html.render(report)


def _markdown(report: ReportV1, page: Page) -> str:
    from auditor.output import markdown

    return markdown.render(report)


def _junit(report: ReportV1, page: Page) -> str:
    from auditor.output import junit

    return junit.render(report)


FORMATS: Mapping[str, Callable[[ReportV1, Page], str]] = {
    "rich": _rich,
    "json": _json,
    "sarif": _sarif,
    "html": _html,
    "markdown": _markdown,
    "junit": _junit,
}
_DEFAULT_FORMAT = "rich"
_PLAIN = Page()


def render(report: Report | ReportV1, format: str, page: Page = _PLAIN) -> str:
    """The report in one of `FORMATS`.

    Raises:
        UsageError: The format is not known.
        ValueError: The report breaks its own contract, such as a finding without evidence.
    """
    return FORMATS[_known(format)](to_v1(report), page)


def page_for(stream: TextIO, environment: Mapping[str, str]) -> Page:
    """How wide a report may be on `stream`, and whether it may be coloured there."""
    if not stream.isatty():
        return _PLAIN
    plain = bool(environment.get("NO_COLOR")) or environment.get("TERM") == "dumb"
    width = min(max(_columns(stream, environment), NARROWEST), WIDEST)
    return Page(width=width, color=not plain)


def parse_output_option(option: str, formats: Collection[str] = FORMATS) -> OutputTarget:
    """`json=out.json`, or `json=-` for standard output.

    Raises:
        UsageError: It is not FORMAT=PATH, or the format is not known.
    """
    format, equals, path = option.partition("=")
    if not equals or not path:
        raise UsageError(
            f"--output {for_terminal(option)}: expected FORMAT=PATH",
            hint="For example --output json=report.json, or json=- for standard output.",
        )
    return OutputTarget(format=_known(format, formats), path=None if path == STDOUT else Path(path))


def plan_targets(
    options: Sequence[str],
    formats: Collection[str] = FORMATS,
    *,
    always_on_stdout: bool = True,
) -> tuple[OutputTarget, ...]:
    """All reports to write: those asked for, and one on standard output unless it is taken.

    Args:
        options: What was asked for, each as FORMAT=PATH.
        formats: What there is; `rich` must be among them.
        always_on_stdout: Else standard output gets a report only where no other is asked for.

    Raises:
        UsageError: An option is wrong, two reports would go to one place, or a folder is missing.
    """
    targets = tuple(parse_output_option(option, formats) for option in options)
    seen: dict[Path | None, OutputTarget] = {}
    for target in targets:
        place = None if target.path is None else Path(os.path.realpath(target.path))
        if place in seen:
            raise UsageError(
                f"--output: {seen[place].format} and {target.format} both go to {target.name}",
                hint="Give each report a path of its own.",
            )
        seen[place] = target
        # Found out now rather than after the scan.
        if place is not None:
            _check_place(place, target)
    if None in seen or (targets and not always_on_stdout):
        return targets
    return (*targets, OutputTarget(format=_DEFAULT_FORMAT, path=None))


def _check_place(place: Path, target: OutputTarget) -> None:
    if not place.parent.is_dir():
        raise UsageError(
            f"--output: the folder of {target.name} does not exist",
            hint="Create the folder first; auditor creates none.",
        )
    if place.is_dir():
        raise UsageError(
            f"--output: {target.name} is a folder", hint="Name a file inside that folder."
        )


def write_all(
    report: Report | ReportV1,
    targets: Sequence[OutputTarget],
    stdout: TextIO,
    page: Page = _PLAIN,
) -> list[OutputFailure]:
    """Write every target, whatever happens to the others; `page` describes `stdout`.

    Raises:
        UsageError: A format is not known.
        ValueError: The report breaks its own contract, such as a finding without evidence.
    """
    document = to_v1(report)
    return write_each(targets, lambda format, on: render(document, format, on), stdout, page)


def write_each(
    targets: Sequence[OutputTarget],
    text_of: Callable[[str, Page], str],
    stdout: TextIO,
    page: Page = _PLAIN,
) -> list[OutputFailure]:
    """As `write_all`, of anything: `text_of` a format and a page is what is written."""
    failures = []
    for target in targets:
        try:
            if target.path is None:
                _print(text_of(target.format, page), stdout)
            else:
                _write(text_of(target.format, _PLAIN), target.path)
        except OSError as error:
            reason = error.strerror or type(error).__name__
            failures.append(OutputFailure(target=target, reason=reason))
    return failures


def _columns(stream: TextIO, environment: Mapping[str, str]) -> int:
    asked = environment.get("COLUMNS", "")
    if asked.isdecimal() and len(asked) < 5:
        return int(asked)
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except OSError:
        return _USUAL_WIDTH


def _known(format: str, formats: Collection[str] = FORMATS) -> str:
    if format in formats:
        return format
    nearest = difflib.get_close_matches(format[:40].lower(), formats, n=1, cutoff=0.4)
    meant = f"; did you mean {nearest[0]}?" if nearest else ""
    raise UsageError(
        f"--output: unknown format {for_terminal(format, 40)}{meant}",
        hint=f"Known formats: {', '.join(formats)}.",
    )


def _print(text: str, stdout: TextIO) -> None:
    # A label may hold letters that a narrow console encoding has no bytes for.
    encoding = stdout.encoding or "utf-8"
    stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    stdout.flush()


def _write(text: str, path: Path) -> None:
    place = Path(os.path.realpath(path))
    if place.exists() and not stat.S_ISREG(place.stat().st_mode):
        # /dev/null or a pipe is written to; replacing it would put a file in its stead.
        with place.open("w", encoding="utf-8", newline="\n") as device:
            device.write(text)
        return
    temporary = place.parent / f".auditor-{secrets.token_hex(8)}.tmp"
    try:
        # Mode x makes the file as the umask asks; tempfile would make it private to the owner.
        with temporary.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, place)
    finally:
        temporary.unlink(missing_ok=True)
