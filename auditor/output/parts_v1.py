"""What the records of a JSON report, version 1, are made of; several of them share these."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field

from auditor.output.brief_errors import BriefErrors


def replace_lone_surrogates(value: Any) -> Any:
    """A string as UTF-8 can hold it; anything else as it is."""
    # JSON can spell half a surrogate pair, UTF-8 cannot: one such label would cost the report.
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


Str = Annotated[str, BeforeValidator(replace_lone_surrogates)]
Probability = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Amount = Annotated[float, Field(ge=0)]


class Part(BriefErrors):
    """A record of a report: nothing unknown in it, nothing that JSON cannot say."""

    # A field has no default, so that a missing one is an error and never a silent null; but what
    # was added to version 1 later is missing in older reports, and they are to be read as well.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class ToolV1(Part):
    """The program that wrote the report."""

    name: Str = Field(description="Name of the program.")
    version: Str = Field(description="Its version.")


class TargetV1(Part):
    """A class of the model."""

    index: int = Field(description="Index of the class.")
    label: Str | None = Field(description="Its name; null where the model names none.")


class SkipV1(Part):
    """Something that could not be decided."""

    subject: Str = Field(description="Rule or entity.")
    reason: Str = Field(description="Why it could not be decided.")
    remedy: Str = Field(description="What would decide it; may be empty.")
