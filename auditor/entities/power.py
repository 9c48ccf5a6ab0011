"""How well scans with each source of instances find backdoors, as far as it was measured."""

from __future__ import annotations

import json
from typing import Any

from auditor.shipped import shipped
from auditor.types import InstanceSource

# The variants of the scanner in a detection benchmark, and what they know besides the model.
_VARIANTS = {
    "scanner": "the checkpoint alone",
    "scanner+base": "the base too",
    "scanner+base+data": "base and clean data",
}
_ATTACKS = "any entity"


def measured_power(source: InstanceSource) -> str:
    """One line: the AUROC of scans with such instances over the published zoo, or "not measured".

    Photographs stand in `reports/detection/detection.json`, other sources in a folder there that
    is named after them.
    """
    folder = shipped("reports") / "detection"
    if source is not InstanceSource.PHOTOGRAPH:
        folder = folder / source.value
    try:
        said = json.loads((folder / "detection.json").read_text(encoding="utf-8"))
        found = [
            _figure(said["detectors"][name], what)
            for name, what in _VARIANTS.items()
            if name in said["detectors"]
        ]
        zoo = said["zoo"]["name"]
    except (OSError, ValueError, KeyError, TypeError):
        found, zoo = [], ""
    if not found:
        return f"power with {source.value} instances: not measured"
    return (
        f"power with {source.value} instances: AUROC for entity backdoors over the zoo {zoo!r} "
        f"{'; '.join(found)}"
    )


def has_benign_models(source: InstanceSource) -> bool:
    """Whether benign models were measured with such instances; without them is no verdict."""
    return (shipped("reports") / "nulls" / f"{source.value}.json").is_file()


def _figure(detector: Any, what: str) -> str:
    area = detector["by_attack"][_ATTACKS]["auroc"]
    return f"{area['value']:.2f} [{area['low']:.2f}, {area['high']:.2f}] with {what}"
