"""What a JSON diff says, version 1, and its schema. A contract, as `report_v1` is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema

from auditor.diff.compare import Difference
from auditor.output.escaping import for_json
from auditor.output.report_v1 import FileFindingV1, FindingV1, ReportV1, VerdictV1

SCHEMA_VERSION: Final = "1"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class SideV1(_Part):
    """One of the two reports."""

    source: str | None = Field(description="The model; null where none could be loaded.")
    revision: str | None = Field(description="Commit hash; null for a folder or a file.")
    digest: str | None = Field(description="SHA-256 over the file digests.")
    finished: str = Field(description="End of the scan, ISO 8601 in UTC.")
    verdict: VerdictV1 = Field(description="The report's verdict.")


class NewV1(_Part):
    """A finding that the earlier report does not have."""

    finding: FindingV1 = Field(description="As in the later report.")
    beyond: str | None = Field(
        description="How it goes beyond an earlier finding of its rule and class; null if new."
    )
    fails: bool = Field(description="Whether it fails the gate.")


class UnseenV1(_Part):
    """A finding on which the later report says nothing."""

    finding: FindingV1 = Field(description="As in the earlier report.")
    reason: str = Field(description="Why it says nothing.")


class ChangedV1(_Part):
    """A finding of both reports."""

    before: FindingV1 = Field(description="As in the earlier report.")
    after: FindingV1 = Field(description="As in the later report.")
    changes: list[str] = Field(description="What is different, a sentence each.")


class NewInFileV1(_Part):
    """A finding in a file that the earlier report does not have."""

    finding: FileFindingV1 = Field(description="As in the later report.")
    beyond: str | None = Field(
        description="That the file had the same finding with other content; null if it is new."
    )
    fails: bool = Field(description="Whether it fails the gate.")


class UnseenInFileV1(_Part):
    """A finding in a file on which the later report says nothing."""

    finding: FileFindingV1 = Field(description="As in the earlier report.")
    reason: str = Field(description="Why it says nothing.")


class FilesV1(_Part):
    """What became of findings in files."""

    new: list[NewInFileV1] = Field(description="Those that only the later report has.")
    gone: list[FileFindingV1] = Field(
        description="Those that the later scan could make, and did not."
    )
    unseen: list[UnseenInFileV1] = Field(
        description="Those on which the later report says nothing."
    )
    same: Annotated[int, Field(ge=0)] = Field(description="Number of those of both.")


class DiffV1(_Part):
    """What became of a model's findings from one report to the next."""

    schema_version: Literal["1"] = Field(description="Version of this format.")
    before: SideV1 = Field(description="The earlier report.")
    after: SideV1 = Field(description="The later report.")
    fail_on: str = Field(description="Mildest severity of a new finding that fails the gate.")
    new: list[NewV1] = Field(description="Findings that only the later report has.")
    gone: list[FindingV1] = Field(
        description="Findings that the later scan could make, and did not."
    )
    unseen: list[UnseenV1] = Field(description="Findings on which the later report says nothing.")
    changed: list[ChangedV1] = Field(description="Findings of both that changed.")
    same: Annotated[int, Field(ge=0)] = Field(description="Number of findings that did not change.")
    files: FilesV1 = Field(description="The same of findings in files.")
    coverage: list[str] = Field(description="What only one of the two looked at.")
    remarks: list[str] = Field(description="What makes the two hard to compare.")


class _SchemaWithoutTitles(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def render(difference: Difference, fail_on: str) -> str:
    """The difference as JSON: stable key order, ASCII, a newline at the end."""
    text = json.dumps(_to_v1(difference, fail_on).model_dump(mode="json"), indent=2)
    return for_json(text) + "\n"


def _to_v1(difference: Difference, fail_on: str) -> DiffV1:
    failing = difference.failing(fail_on)
    return DiffV1(
        schema_version=SCHEMA_VERSION,
        before=_side(difference.before),
        after=_side(difference.after),
        fail_on=fail_on,
        new=[
            NewV1(finding=new.finding, beyond=new.beyond, fails=new in failing)
            for new in difference.new
        ],
        gone=list(difference.gone),
        unseen=[UnseenV1(finding=each.finding, reason=each.reason) for each in difference.unseen],
        changed=[
            ChangedV1(before=each.before, after=each.after, changes=list(each.changes))
            for each in difference.changed
        ],
        same=difference.same,
        files=_files(difference, fail_on),
        coverage=list(difference.coverage),
        remarks=list(difference.remarks),
    )


def _files(difference: Difference, fail_on: str) -> FilesV1:
    files = difference.files
    failing = files.failing(fail_on)
    return FilesV1(
        new=[
            NewInFileV1(finding=new.finding, beyond=new.beyond, fails=new in failing)
            for new in files.new
        ],
        gone=list(files.gone),
        unseen=[UnseenInFileV1(finding=each.finding, reason=each.reason) for each in files.unseen],
        same=files.same,
    )


def _side(report: ReportV1) -> SideV1:
    model = report.model
    return SideV1(
        source=None if model is None else model.source,
        revision=None if model is None else model.revision,
        digest=None if model is None else model.digest,
        finished=report.finished,
        verdict=report.verdict,
    )


def write_schema(path: Path) -> None:
    """Write the schema where users find it.

    Raises:
        OSError: The path cannot be written.
    """
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:model-auditor:diff-v1.schema.json",
        "title": "auditor diff, version 1",
    }
    generated = DiffV1.model_json_schema(schema_generator=_SchemaWithoutTitles)
    document = head | {key: value for key, value in generated.items() if key != "title"}
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8", newline="\n")
