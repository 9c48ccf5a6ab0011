"""The page of `auditor sequela`: two models beside each other."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.output import sequela_wording as words
from auditor.output import wording
from auditor.output.comparison_v1 import ComparisonV1
from auditor.output.html_sequela import SequelaView, sequela_of
from auditor.output.html_verdict import VerdictView
from auditor.output.report_v1 import ModelV1


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonView:
    """Everything that the page shows, in its order."""

    title: str
    verdict: VerdictView
    facts: tuple[tuple[str, str], ...]
    identity: tuple[tuple[str, str], ...]
    sequela: SequelaView


def comparison_of(report: ComparisonV1) -> ComparisonView:
    """The page of a comparison."""
    models = [("Before", report.before), ("After", report.after), ("Reference", report.reference)]
    sequela = report.sequela
    return ComparisonView(
        title=f"sequela: {wording.pinned(report.after.source, report.after.revision)}",
        verdict=VerdictView(
            verdict="sequela",
            tone="no-evidence",
            symbol="\N{WHITE DIAMOND}",
            headline=f"Sequela score {words.score_line(sequela)}",
            meaning=words.gravest_line(sequela),
        ),
        facts=(
            ("components scored", f"{len(sequela.harms)}"),
            ("not scored", f"{len(sequela.missing)}"),
            ("measures", f"{len(sequela.measures):,}"),
        ),
        identity=(
            *((name, _named(model)) for name, model in models if model is not None),
            ("Measured", f"{report.started} to {report.finished}, by {_tool(report)}"),
            ("Cost", _cost(report)),
        ),
        sequela=sequela_of(sequela),
    )


def _named(model: ModelV1) -> str:
    source = wording.pinned(model.source, model.revision)
    return f"{source} ({model.architecture}), SHA-256 {model.digest}"


def _tool(report: ComparisonV1) -> str:
    return f"{report.tool.name} {report.tool.version}"


def _cost(report: ComparisonV1) -> str:
    memory = wording.size(report.peak_rss_bytes)
    return f"{wording.duration(report.seconds)} on {report.device}, {memory} at the peak"
