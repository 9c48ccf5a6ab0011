"""The JSON report of `auditor sequela`, version 1: two models beside each other."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field, JsonValue

from auditor.output.parts_v1 import Amount, Count, Part, Str, ToolV1
from auditor.output.report_v1 import ModelV1
from auditor.output.sequela_v1 import SequelaV1

COMPARISON_VERSION: Final = "1"


class ComparisonV1(Part):
    """What changed from one model to the other."""

    schema_version: Literal["1"] = Field(description="Version of this contract.")
    tool: ToolV1 = Field(description="What wrote the report.")
    started: Str = Field(description="ISO 8601, UTC.")
    finished: Str = Field(description="ISO 8601, UTC.")
    before: ModelV1 = Field(description="The model before the repair.")
    after: ModelV1 = Field(description="The model after the repair.")
    reference: ModelV1 | None = Field(description="A model never poisoned, if given.")
    settings: dict[Str, JsonValue] = Field(description="Everything needed to run it again.")
    sequela: SequelaV1 = Field(description="What changed.")
    seconds: Amount = Field(description="Wall-clock seconds.")
    peak_rss_bytes: Count = Field(description="Peak resident memory of the process.")
    device: Str = Field(description="Device the models ran on.")
