"""The report as one page for a browser: nothing is fetched, and nothing foreign can run.

The page is a template beside this file. Whatever a template prints goes through `escaping` and is
then escaped for HTML, so that no template can forget to; the policy in its head allows the one
style sheet and the one script that are part of it, by their hashes, pictures in the page itself,
and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

from auditor.output import wording
from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.convert_v1 import to_v1
from auditor.output.coverage import skip_subjects
from auditor.output.escaping import for_terminal, prose_for_terminal
from auditor.output.file_findings import EXPLAINED
from auditor.output.html_comparison import comparison_of
from auditor.output.html_findings import REFERENCES
from auditor.output.html_view import page_of
from auditor.output.report_v1 import ReportV1
from auditor.types import Report

_PAGE = Path(__file__).parent / "html_page"
_TEXT_LIMIT = 4000
_NAME_LIMIT = 60
_SHORT_LIMIT = 24  # beside a spoke of the radar


def render(report: Report | ReportV1) -> str:
    """The report as one self-contained HTML file.

    Raises:
        ValueError: The report breaks its own contract, such as a finding without evidence.
    """
    from markupsafe import escape

    page = page_of(to_v1(report))
    return _rendered(
        "page.html.jinja",
        page=page,
        # Its line breaks are meant, and its parts were made fit one by one.
        command=escape(page.command),
        shares=_shares(),
        reference_names=REFERENCES,
        skip_subjects=skip_subjects,
        in_files_explained=EXPLAINED,
    )


def render_comparison(report: ComparisonV1) -> str:
    """The report of `auditor sequela` as one self-contained HTML file."""
    return _rendered("comparison.html.jinja", page=comparison_of(report))


def _rendered(template: str, **shown: Any) -> str:
    from markupsafe import Markup

    style, script = _asset("page.css"), _asset("page.js")
    rendered: str = (
        _environment()
        .get_template(template)
        .render(
            style=Markup(style),
            script=Markup(script),
            policy=Markup(content_policy(style, script)),
            **shown,
        )
    )
    return rendered


def content_policy(style: str, script: str) -> str:
    """What a browser may load and run on the page: its own style and script, and pictures in it."""
    return (
        f"default-src 'none'; img-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )


def _shares() -> list[Any]:
    from markupsafe import Markup

    return [Markup(_share(hundredths)) for hundredths in range(101)]


def _share(hundredths: int) -> str:
    """`.93` in a cell of the map; a map of many cells has no room for more."""
    return "1" if hundredths == 100 else f".{hundredths:02d}" if hundredths else "0"


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _asset(name: str) -> str:
    return (_PAGE / name).read_text(encoding="utf-8")


def _environment() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "name": lambda text: for_terminal(text, _NAME_LIMIT),
        "short": lambda text: for_terminal(text, _SHORT_LIMIT),
        # Checked where a report is read or made: nothing but base64, and as long as it is.
        "data_uri": Markup,
        "number": wording.number,
        "share": lambda share: "-" if share is None else f"{share:.3f}",
        "p": wording.p_value,
        "counted": wording.counted,
        "percent": wording.percent,
    }
    return environment


def _shown(value: Any) -> Any:
    """What a template prints: strings made fit, what is HTML already and numbers as they are."""
    from markupsafe import Markup

    if isinstance(value, str) and not isinstance(value, Markup):
        return prose_for_terminal(value, _TEXT_LIMIT)
    return value
