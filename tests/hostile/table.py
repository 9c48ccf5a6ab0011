"""All hostile inputs, one row each. `docs/hostile-inputs.md` is made of this table."""

from __future__ import annotations

from tests.hostile import (
    bank_cases,
    folder_cases,
    json_cases,
    loaded_cases,
    pickle_cases,
    weights_cases,
)
from tests.hostile.case import Case

GROUPS: dict[str, tuple[Case, ...]] = {
    "Configurations and indices": json_cases.CASES,
    "Weights in safetensors": weights_cases.CASES,
    "Folders": folder_cases.CASES,
    "Pickles": pickle_cases.CASES,
    "Claims, code and graphs": loaded_cases.CASES,
    "Entity banks and settings": bank_cases.CASES,
}
CASES: tuple[Case, ...] = tuple(case for group in GROUPS.values() for case in group)
