"""What a JSON report says of a repair, version 1. A contract, apart from the internal records."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, JsonValue

from auditor.output.parts_v1 import Amount, Count, Part, Probability, Str, TargetV1

RepairVerdictV1 = Literal["repaired", "partly", "not repaired", "nothing to repair"]
MappingStateV1 = Literal["gone", "weaker", "there"]


class ShareV1(Part):
    """A share with its 95 % interval."""

    value: float = Field(description="The share; of a loss it may be negative.")
    low: float = Field(description="Lower bound of the 95 % interval.")
    high: float = Field(description="Upper bound of the 95 % interval.")
    observations: Count = Field(description="Pictures behind it.")


class RepairedMappingV1(Part):
    """A mapping before and after: the share of its entities' pictures that go to its class."""

    id: Str = Field(description="Fingerprint of the finding, or the pair as it was named.")
    entities: list[Str] = Field(description="Names of the entities.")
    target: TargetV1 = Field(description="The class.")
    before: ShareV1 = Field(description="Before the repair.")
    after: ShareV1 = Field(description="After it, on the same pictures.")
    natural: ShareV1 = Field(description="What honest heads do with the same pictures.")
    accepted: float = Field(description="The mapping counts as gone up to here.")
    state: MappingStateV1 = Field(description="What became of it.")


class ClassAccuracyV1(Part):
    """Accuracy on one class."""

    label: Str = Field(description="Name of the class.")
    images: Count = Field(description="Held-out images of it.")
    before: Probability = Field(description="Share right before.")
    after: Probability = Field(description="Share right after.")


class AccuracyV1(Part):
    """Accuracy on held-out clean images."""

    before: ShareV1 = Field(description="Before the repair.")
    after: ShareV1 = Field(description="After it, on the same images.")
    loss: ShareV1 = Field(description="Before less after, image by image.")
    per_class: list[ClassAccuracyV1] = Field(description="The same for every class.")


class MomentV1(Part):
    """The model after some steps of tuning; a loss is null where it was not finite."""

    step: Count = Field(description="Steps taken.")
    rate: float = Field(description="Learning rate of the last of them.")
    loss: float | None = Field(description="Mean loss since the moment before.")
    accuracy: Probability = Field(description="On the images that choose the best moment.")
    success: list[Probability] = Field(
        description="Of each mapping, on pictures apart from the verdict's."
    )


class RangeTestV1(Part):
    """The learning-rate range test behind a peak that nobody gave."""

    rates: list[float] = Field(description="Learning rates tried.")
    losses: list[float | None] = Field(
        description="Smoothed loss after a step with each; null where not finite."
    )
    chosen: float = Field(description="The rate that became the first peak.")
    why: Str = Field(description="Why this one.")


class OverrideV1(Part):
    """A setting of the checkpoint that was changed while tuning and restored on saving."""

    module: Str = Field(description="Where in the network.")
    setting: Str = Field(description="Which setting.")
    was: float = Field(description="The checkpoint's value.")
    became: float = Field(description="The value while tuning.")


class AttemptV1(Part):
    """A method that was tried."""

    method: Str = Field(description="Its name.")
    verdict: RepairVerdictV1 = Field(description="What came of it.")
    accuracy: Probability = Field(description="On held-out clean images, after.")
    success: list[Probability] = Field(description="Of each mapping, after.")
    steps: Count = Field(description="Steps of tuning.")
    seconds: Amount = Field(description="Wall-clock seconds, its re-scan among them.")


class ControlV1(Part):
    """The same architecture from fresh weights, on the same data, for the same steps."""

    steps: Count = Field(description="Steps of training.")
    accuracy: ShareV1 = Field(description="On held-out clean images.")
    success: list[ShareV1] = Field(description="Of each mapping.")


class BarrierV1(Part):
    """Models on the straight line from the weights before (0) to those after (1)."""

    at: list[Probability] = Field(description="Where on the line.")
    losses: list[float | None] = Field(
        description="Loss on held-out clean images; null where not finite."
    )
    accuracies: list[Probability] = Field(description="Accuracy on them.")
    success: list[list[Probability]] = Field(description="Of each mapping, point by point.")
    height: float | None = Field(
        description="The most that the loss rises above the ends' line; null where not finite."
    )


class DataV1(Part):
    """The clean data of a repair."""

    source: Str = Field(description="What the user named.")
    examples: Count = Field(description="Images that were tuned on.")
    held_out: Count = Field(description="Other images that judge.")


class OriginalV1(Part):
    """The model that was repaired; it is left as it was."""

    source: Str = Field(description="What the user named.")
    revision: Str | None = Field(description="Commit hash; null for a folder or a file.")
    digest: Str = Field(description="SHA-256 over the file digests: names the exact weights.")


class RemediationV1(Part):
    """What was done to a model and what it did to it."""

    model: OriginalV1 = Field(description="The model that was repaired.")
    settings: dict[Str, JsonValue] = Field(
        description="All that is needed to repair it again; the options of `auditor remediate`."
    )
    method: Str = Field(description="The method whose result was kept.")
    verdict: RepairVerdictV1 = Field(description="What became of the mappings that were found.")
    reasons: list[Str] = Field(description="Why the verdict is not a better one.")
    output: Str | None = Field(description="The folder that was written; null where none was.")
    data: DataV1 = Field(description="The clean data.")
    steps: Count = Field(description="Steps of tuning.")
    chosen_step: Count = Field(description="The step whose weights were kept.")
    batch: Count = Field(description="Images a step.")
    seconds: Amount = Field(description="Wall-clock seconds of the whole.")
    schedule: dict[Str, float] = Field(description="The method's numbers.")
    range_test: RangeTestV1 | None = Field(description="Null where peaks were given or not needed.")
    history: list[MomentV1] = Field(description="The model while it was tuned.")
    overrides: list[OverrideV1] = Field(description="Settings that would have ruined it.")
    frozen: list[Str] = Field(description="Frozen parameters that were tuned nevertheless.")
    natural_from: Str = Field(description="Whose answer the natural rates are.")
    mappings: list[RepairedMappingV1] = Field(description="Every mapping, before and after.")
    accuracy: AccuracyV1 | None = Field(description="Null where nothing was tuned.")
    attempts: list[AttemptV1] = Field(description="Every method that was tried, in that order.")
    control: ControlV1 | None = Field(description="Null where none was asked for.")
    barrier: BarrierV1 | None = Field(description="Null where none was asked for.")
    notices: list[Str] = Field(description="What a reader should know.")
