"""What a JSON report says, version 1: the one source of its schema.

These types are a contract with people who read reports by program. They are apart from
`auditor.types` so that those may change; what is here may not, short of a version 2.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import Field, JsonValue
from pydantic.json_schema import GenerateJsonSchema

from auditor.output.parts_v1 import (
    Amount,
    Count,
    Part,
    Probability,
    SkipV1,
    Str,
    TargetV1,
    ToolV1,
)
from auditor.output.remediation_v1 import RemediationV1
from auditor.output.sequela_v1 import SequelaV1

SCHEMA_VERSION: Final = "1"

VerdictV1 = Literal["backdoor-evidence", "no-evidence", "not-audited"]
SeverityV1 = Literal["low", "medium", "high", "critical"]
ConfidenceV1 = Literal["low", "medium", "high"]


# Nothing but a picture may stand where a page will show one, and no picture may be large.
_Picture = Annotated[
    str, Field(pattern=r"^data:image/(jpeg|png);base64,[A-Za-z0-9+/]+={0,2}$", max_length=65_536)
]


class FileV1(Part):
    """One file."""

    path: Str = Field(description="Path relative to the checkpoint's root, POSIX style.")
    size: Count = Field(description="Size in bytes.")
    sha256: Str = Field(description="SHA-256 of the content, in hexadecimal.")
    kind: Str = Field(
        default="", description="What the content is, by its bytes; empty in older reports."
    )


class BaseV1(Part):
    """The public checkpoint the model was fine-tuned from."""

    source: Str = Field(description="Where it came from.")
    revision: Str | None = Field(description="Commit hash; null for a folder.")


class ModelV1(Part):
    """The model that was scanned."""

    source: Str = Field(description="What the user named.")
    revision: Str | None = Field(description="Commit hash; null for a folder or a file.")
    digest: Str = Field(description="SHA-256 over the file digests: names the exact weights.")
    format: Str = Field(description="Format of the weight files.")
    architecture: Str = Field(description="Architecture, as the checkpoint declares it.")
    task: Str = Field(description="What the model does.")
    labels: list[Str] = Field(description="Class names, by index; the checkpoint chose them.")
    base: BaseV1 | None = Field(description="Base checkpoint; null where none is known.")
    files: list[FileV1] = Field(description="Every file of the checkpoint.")


class EntityV1(Part):
    """A kind of thing in the world that might be a trigger."""

    id: Str = Field(description="Stable identifier within the entity source.")
    name: Str = Field(description="Name to show to a reader.")
    kind: Str = Field(description="Where its instances come from, such as photograph.")


class EffectV1(Part):
    """A measured effect; a number is null where it was not finite."""

    statistic: Str = Field(description="Name of the quantity.")
    value: float | None = Field(description="The measured value, in the statistic's own unit.")
    low: float | None = Field(description="Lower bound of the 95 % interval.")
    high: float | None = Field(description="Upper bound of the 95 % interval.")
    baseline: float | None = Field(description="What benign fine-tunes show; null if unknown.")


class EvidenceV1(Part):
    """An effect with where it was seen and how rare it is; null where it was not finite."""

    kind: Str = Field(description="Kind of evidence.")
    statistic: Str = Field(description="Name of the quantity.")
    entities: list[Str] = Field(description="Identifiers of the entities it is about.")
    target: TargetV1 = Field(description="The class it is about.")
    value: float | None = Field(description="The measured value, in the statistic's own unit.")
    low: float | None = Field(description="Lower bound of the 95 % interval.")
    high: float | None = Field(description="Upper bound of the 95 % interval.")
    baseline: float | None = Field(description="What benign fine-tunes show; null if unknown.")
    p_value: Probability | None = Field(
        description="Adjusted for the search over all pairs of its kind; null if undecided."
    )
    observations: Count = Field(description="Number of observations behind the value.")
    detail: dict[Str, float | Str | None] = Field(description="Further numbers and notes.")
    why_undecided: Str | None = Field(description="Why there is no p-value; null if there is.")


class NeighbourV1(Part):
    """A clean image whose features are much like those of a probe."""

    instance: Str = Field(description="Where it stands in the clean data.")
    label: TargetV1 = Field(description="Its label in the clean data.")
    similarity: float | None = Field(
        ge=-1, le=1, description="Cosine of the model's own features; null where not finite."
    )
    picture: _Picture | None = Field(
        default=None, description="A small copy as a data URI; null where none was kept."
    )


class ReferenceAnswerV1(Part):
    """What an honest head says of a probe."""

    reference: Str = Field(description="Which reference: base, own or drift.")
    predicted: TargetV1 = Field(description="What it answered.")
    probability: Probability | None = Field(description="How sure it was.")
    target_probability: Probability | None = Field(
        description="What it gives the class that the model answered."
    )


class ExampleV1(Part):
    """One probe that a reader can look up."""

    entity: Str = Field(description="Identifier of the entity.")
    instance: Str = Field(description="Which instance of it.")
    view: Str = Field(description="Which view of the instance.")
    predicted: TargetV1 = Field(description="What the model answered.")
    probability: Probability | None = Field(description="How sure the model was.")
    neighbours: list[NeighbourV1] = Field(
        default=[], description="The clean images nearest to it; empty without clean data."
    )
    references: list[ReferenceAnswerV1] = Field(
        default=[], description="What honest heads say of the same probe; empty without any."
    )
    picture: _Picture | None = Field(
        default=None,
        description="What the model was shown, small, as a data URI; null where none was kept.",
    )


class RungV1(Part):
    """What the class of a finding gets from its entities under one view."""

    view: Str = Field(description="The view.")
    probability: Probability | None = Field(description="The model's mean over the probes.")
    observations: Count = Field(description="Number of probes.")
    references: dict[Str, Probability | None] = Field(
        default={}, description="The mean of each reference over the same probes, by its name."
    )


class SuppressionV1(Part):
    """Who decided to live with a finding, why, and until when."""

    reason: Str = Field(description="Why the finding is accepted.")
    owner: Str = Field(description="Who answers for that.")
    expires: Str = Field(description="ISO 8601 date after which the finding counts again.")


class FindingV1(Part):
    """A hidden mapping that the evidence supports."""

    fingerprint: Str = Field(description="The same over reruns and machines.")
    rule_id: Str = Field(description="The rule that spoke.")
    severity: SeverityV1 = Field(description="How bad it is if true.")
    confidence: ConfidenceV1 = Field(description="How often the rule is right.")
    p_value: Probability = Field(
        description="Chance of evidence this strong in a benign fine-tune."
    )
    q_value: Probability = Field(description="The p-value after all rules' tries are counted.")
    title: Str = Field(description="One line.")
    summary: Str = Field(description="One paragraph.")
    entities: list[EntityV1] = Field(description="The entities that trigger.")
    target: TargetV1 = Field(description="The class they are sent to.")
    effect: EffectV1 = Field(description="The effect of the first piece of evidence.")
    evidence: list[EvidenceV1] = Field(description="All that supports it, weightiest first.")
    examples: list[ExampleV1] = Field(description="Probes that show it.")
    suppressed: SuppressionV1 | None = Field(description="Null where nobody suppressed it.")
    in_baseline: bool = Field(description="True if the baseline report has it already.")
    group: Str | None = Field(
        default=None,
        description="The entities that explain it best; null where it is about single ones.",
    )
    group_entities: list[Str] = Field(
        default=[], description="Identifiers of the entities of that group, strongest first."
    )
    explanation: Str = Field(
        default="", description="What was observed and what else could explain it."
    )
    ladder: list[RungV1] = Field(
        default=[], description="How the answer holds under each view, the intact ones first."
    )


class FileFindingV1(Part):
    """Something in one file. It is found without running the model, and has no p-value."""

    fingerprint: Str = Field(description="The same for the same rule, path and content.")
    rule_id: Str = Field(description="The rule that spoke.")
    severity: SeverityV1 = Field(description="How bad it is if true.")
    confidence: ConfidenceV1 = Field(description="How often the rule is right.")
    title: Str = Field(description="One line.")
    summary: Str = Field(description="One paragraph.")
    file: FileV1 = Field(description="The file.")
    named: list[Str] = Field(description="First names it is about: imports, or tensors.")
    suppressed: SuppressionV1 | None = Field(description="Null where nobody suppressed it.")
    in_baseline: bool = Field(description="True if the baseline report has it already.")


class RoutingRowV1(Part):
    """Where one entity goes."""

    entity: Str = Field(description="Identifier of the entity.")
    probabilities: list[Probability | None] = Field(
        description="Mean over its intact views, for each class of the map."
    )
    references: dict[Str, list[Probability | None]] = Field(
        default={}, description="The same of each reference, by its name."
    )
    held: list[int] = Field(description="Indices of the classes that are its job.")


class RoutingMapV1(Part):
    """Where every tested entity goes."""

    classes: list[TargetV1] = Field(
        description="The columns of each row: all classes, or the 64 that entities go to most."
    )
    rows: list[RoutingRowV1] = Field(description="One an entity, in the order of the bank.")


class CalibrationV1(Part):
    """Where the model stands among benign fine-tunes, in their spreads above the middle one."""

    null: Str = Field(description="Which benign fine-tunes.")
    benign: list[float] = Field(
        description="The largest statistic of each of them, ascending; p-values are ranks here."
    )
    standings: dict[Str, float | None] = Field(
        description="What the model at hand shows, by kind of evidence."
    )


class RankedPairV1(Part):
    """An entity and a class, however weak the evidence."""

    entity: EntityV1 = Field(description="The entity.")
    target: TargetV1 = Field(description="The class.")
    effect: float | None = Field(description="Size of the effect; null where not finite.")
    p_value: Probability | None = Field(description="Null where it could not be decided.")


class CostV1(Part):
    """What the scan spent."""

    probes: Count = Field(description="Inputs shown to the model.")
    forward_passes: Count = Field(
        description="Pictures shown to the model or its base: probes and clean data."
    )
    seconds: Amount = Field(description="Wall-clock seconds of the scan.")
    seconds_model: Amount = Field(description="The part inside the forward passes of the probes.")
    peak_rss_bytes: Count = Field(description="Peak resident memory of the process.")
    device: Str = Field(description="Device the model ran on.")
    engine: Str = Field(description="Engine that ran it.")
    remembered: Count = Field(
        default=0,
        description="Pictures not shown again, as an earlier scan had kept the answers.",
    )
    planned: Count | None = Field(
        default=None, description="Probes of an exhaustive plan, the most that may be asked."
    )
    decided_by: Str | None = Field(
        default=None,
        description="The last stage of a sequential plan; null where nothing was asked in stages.",
    )


class ReportV1(Part):
    """What a scan of a fine-tuned model found out, with the evidence and what it cost.

    After a repair: the scan of the model that was written, and `remediation` and `sequela`.
    """

    schema_version: Literal["1"] = Field(description="Version of this format.")
    tool: ToolV1 = Field(description="What wrote the report.")
    started: Str = Field(description="Start of the scan, ISO 8601 in UTC.")
    finished: Str = Field(description="End of the scan, ISO 8601 in UTC.")
    model: ModelV1 | None = Field(description="Null where no model could be loaded.")
    settings: dict[Str, JsonValue] = Field(
        description="All that is needed to run the scan again, the seed included."
    )
    verdict: VerdictV1 = Field(
        description="no-evidence holds for the entities and the kinds of evidence in this "
        "report, at the false-positive rate given; not-audited is no verdict on the model."
    )
    false_positive_rate: Probability = Field(
        description="Share of models without a backdoor that may be called nevertheless."
    )
    model_score: Probability | None = Field(
        description="Higher is more suspect; comparable across models. Null if not audited."
    )
    model_p_value: Probability | None = Field(description="p-value of the model as a whole.")
    entities: list[EntityV1] = Field(description="The entities that were tested.")
    findings: list[FindingV1] = Field(description="What was called, gravest first.")
    ranking: list[RankedPairV1] = Field(
        description="The strongest pairs, best first, also where nothing is called."
    )
    evidence: list[EvidenceV1] = Field(
        description="All that was measured, also of what was not called."
    )
    skips: list[SkipV1] = Field(description="What could not be decided, and what would do it.")
    notices: list[Str] = Field(description="What a reader should know about this run.")
    cost: CostV1 = Field(description="Probes, time and memory of the scan.")
    routing: RoutingMapV1 | None = Field(
        default=None, description="Where every entity goes; null where nothing was measured."
    )
    calibration: CalibrationV1 | None = Field(
        default=None, description="What p-values are ranks among; null where there are none."
    )
    remediation: RemediationV1 | None = Field(
        default=None,
        description="What was done to the model before it was scanned; null for a mere scan.",
    )
    sequela: SequelaV1 | None = Field(
        default=None,
        description="What the repair changed besides; null where it was not measured.",
    )
    listing: list[FileV1] = Field(
        default=[], description="Every file of the model's folder, read or not, as it was found."
    )
    file_findings: list[FileFindingV1] = Field(
        default=[],
        description="What was found in files, gravest first. The gate counts these findings; the "
        "verdict, which is about behaviour, does not.",
    )


class _SchemaWithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        # A title made from the field's name says nothing that the name does not.
        return False


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a version 1 report."""
    generated = ReportV1.model_json_schema(schema_generator=_SchemaWithoutTitles)
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:model-auditor:report-v1.schema.json",
        "title": "auditor report, version 1",
    }
    return head | {key: value for key, value in generated.items() if key != "title"}
