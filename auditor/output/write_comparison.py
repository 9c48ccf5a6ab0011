"""Two models beside each other, on their way out: which formats there are, and which not."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from auditor.errors import UsageError
from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.write import OutputTarget, Page, plan_targets

NOT_SARIF = "sarif"


def _rich(report: ComparisonV1, page: Page) -> str:
    from auditor.output import terminal_sequela

    return terminal_sequela.render(report, width=page.width, color=page.color)


def _json(report: ComparisonV1, page: Page) -> str:
    from auditor.output import convert_sequela_v1

    return convert_sequela_v1.render_json(report)


def _html(report: ComparisonV1, page: Page) -> str:
    from auditor.output import html

    return html.render_comparison(report)


def _markdown(report: ComparisonV1, page: Page) -> str:
    from auditor.output import markdown_sequela

    return markdown_sequela.render(report)


def _junit(report: ComparisonV1, page: Page) -> str:
    from auditor.output import junit_repair

    return junit_repair.render_comparison(report)


FORMATS: Mapping[str, Callable[[ComparisonV1, Page], str]] = {
    "rich": _rich,
    "json": _json,
    "html": _html,
    "markdown": _markdown,
    "junit": _junit,
}


def plan_comparison(options: Sequence[str]) -> tuple[OutputTarget, ...]:
    """All reports to write, as `plan_targets` plans them.

    Raises:
        UsageError: As there; or SARIF is asked for, which lists findings, and here are none.
    """
    if any(option.partition("=")[0] == NOT_SARIF for option in options):
        raise UsageError(
            "--output sarif: a comparison has no findings that code scanning could show",
            hint=f"Formats of a comparison: {', '.join(FORMATS)}.",
        )
    return plan_targets(options, FORMATS)


def render(report: ComparisonV1, format: str, page: Page) -> str:
    """The comparison in one of `FORMATS`."""
    return FORMATS[format](report, page)
