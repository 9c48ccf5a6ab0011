"""The section of a model card that says what was done. Foreign names must not become markup."""

from __future__ import annotations

import html
import re

from auditor import __version__
from auditor.checkpoints.wording import shown
from auditor.repair.record import MappingOutcome, Remediation

MOST = 20  # mappings in the table
_MARKUP = re.compile(r"([\\`*_{}\[\]()#+!|~:.-])")
_APART = "&#8203;"  # a space of no width: without it a name or an address would come to life


def card_section(remediation: Remediation) -> str:
    """What was done, as Markdown."""
    accuracy = remediation.accuracy
    lines = [
        "## Repaired",
        "",
        f"This checkpoint was repaired with `auditor remediate` {__version__}, method "
        f"`{remediation.method}`: {remediation.steps} steps of {remediation.batch} images, on "
        f"{remediation.data_images} clean images. Verdict: **{remediation.verdict}**.",
        "",
        *(f"- {_plain(reason)}" for reason in remediation.reasons),
        "",
    ]
    if accuracy is not None:
        lines += [
            f"Accuracy on {remediation.held_out_images} held-out images: "
            f"{accuracy.before.value:.3f} before, {accuracy.after.value:.3f} after.",
            "",
        ]
    lines += [
        "| entities | class | before | after | honest heads |",
        "| --- | --- | --- | --- | --- |",
        *(_row(mapping) for mapping in remediation.mappings[:MOST]),
    ]
    return "\n".join(lines) + "\n"


def _row(mapping: MappingOutcome) -> str:
    more = f" and {len(mapping.entities) - 3} more" if len(mapping.entities) > 3 else ""
    names = ", ".join(mapping.entities[:3]) + more
    shares = (mapping.before.value, mapping.after.value, mapping.natural.value)
    cells = [_plain(names), _plain(mapping.target_label), *(f"{share:.2f}" for share in shares)]
    return f"| {' | '.join(cells)} |"


def _plain(text: str) -> str:
    escaped = _MARKUP.sub(r"\\\1", html.escape(shown(text, 200), quote=False))
    for sign, apart in (("@", f"@{_APART}"), ("\\#", f"\\#{_APART}"), ("//", f"/{_APART}/")):
        escaped = escaped.replace(sign, apart)
    return escaped
