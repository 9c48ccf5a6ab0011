"""What a JSON report says of sequela, version 1. A contract, apart from the internal records."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditor.output.parts_v1 import Count, Part, Probability, SkipV1, Str


class ChangeV1(Part):
    """One measure of two models on the same pictures; a number is null where there is none."""

    before: float | None = Field(description="Of the model before the repair.")
    after: float | None = Field(description="Of the model after the repair.")
    delta: float | None = Field(description="After less before.")
    low: float | None = Field(description="Lower bound of the interval of delta (95 %).")
    high: float | None = Field(description="Upper bound of the interval of delta.")
    reference: float | None = Field(description="Of a model that was never poisoned, if given.")
    worse: Literal["higher", "lower"] = Field(description="Which direction is the bad one.")
    observations: Count = Field(description="Pictures behind it.")
    label: Str | None = Field(description="The label that it is about, if it is about one.")
    note: Str = Field(description="How it was measured; may be empty.")


class HarmV1(Part):
    """How much worse a component is; 0 is not worse at all."""

    component: Str = Field(description="Name of the component.")
    value: Probability = Field(description="The harm that goes into the score.")
    low: Probability = Field(description="Harm at the mild end of the interval.")
    high: Probability = Field(description="Harm at the grave end of the interval.")
    measure: Str = Field(description="The measure that it was read from.")
    against: Str = Field(description="What the model after the repair was compared with.")


class SequelaV1(Part):
    """What a repair changed in a model's other vulnerabilities."""

    sequela_score: Probability | None = Field(
        description="Worst harm, raised by the mean of the others; null if none was measured. "
        "It knows nothing of the components in `missing`."
    )
    low: Probability | None = Field(description="Score of the mild ends of all harms.")
    high: Probability | None = Field(description="Score of the grave ends of all harms.")
    harms: list[HarmV1] = Field(description="Components of the score, worst first.")
    missing: list[Str] = Field(
        description="Components without a harm: the score does not know of them."
    )
    measures: dict[Str, ChangeV1] = Field(description="Every measure, by its name.")
    skips: list[SkipV1] = Field(description="What could not be measured, and why.")
    notices: list[Str] = Field(description="What a reader should know of the measurement.")
