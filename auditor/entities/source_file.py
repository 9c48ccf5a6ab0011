"""An entity-source file: TOML that says where instances come from, so that it can be repeated."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from auditor.checkpoints.wording import shown
from auditor.datasets.open import HUB_PREFIX
from auditor.errors import UsageError

SUFFIX = ".toml"
OWN_NAME = "entities.toml"  # what `auto` looks for in the current folder
_COMMIT = re.compile(r"[0-9a-f]{40}")
_LIMIT_BYTES = 1_000_000
_PAGE = "docs/entities.md says what such a file holds."
_Name = Annotated[str, Field(min_length=1, max_length=1000)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DatasetEntry(_Strict):
    """Photographs: a data set on the Hub at one commit, or on this machine."""

    source: _Name
    revision: _Name | None = None
    split: _Name | None = None
    image_column: _Name | None = None
    label_column: _Name | None = None

    @model_validator(mode="after")
    def _pinned(self) -> DatasetEntry:
        on_hub = self.source.startswith(HUB_PREFIX)
        if not on_hub and self.revision is not None:
            raise ValueError("a revision is for data sets on the Hub: leave it out")
        if on_hub and "@" in self.source:
            raise ValueError('write the commit as revision = "...", not after an @')
        if on_hub and not _COMMIT.fullmatch(self.revision or ""):
            raise ValueError(
                'a data set on the Hub needs revision = "..." with a full commit hash, so that '
                "another scan sees the same photographs"
            )
        return self

    @property
    def pinned(self) -> str:
        """The source with its commit, as `--entities` takes it."""
        return self.source if self.revision is None else f"{self.source}@{self.revision}"


class BaseEntry(_Strict):
    """Instances synthesised from a base."""

    model: _Name | None = None
    labels: int | None = Field(default=None, ge=1, le=1_000_000)
    instances: int | None = Field(default=None, ge=1, le=256)


class DiffusionEntry(_Strict):
    """Instances from a text-to-image pipeline."""

    model: _Name
    names: _Name | None = None
    labels: int | None = Field(default=None, ge=1, le=1_000_000)
    instances: int | None = Field(default=None, ge=1, le=256)
    steps: int | None = Field(default=None, ge=1, le=1000)
    size: int | None = Field(default=None, ge=16, le=2048)


class SourceFile(_Strict):
    """One kind of source: data sets, a base, or a diffusion model."""

    dataset: tuple[DatasetEntry, ...] = Field(default=(), max_length=100)
    base: BaseEntry | None = None
    diffusion: DiffusionEntry | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SourceFile:
        said = [self.dataset or None, self.base, self.diffusion]
        if sum(each is not None for each in said) != 1:
            raise ValueError("give [[dataset]] entries, [base] or [diffusion]: one of these")
        return self


def read_source_file(path: Path) -> SourceFile:
    """Read and check an entity-source file. Paths in it are relative to its folder.

    Raises:
        UsageError: It cannot be read, a key or value is wrong, or a data set is not pinned.
    """
    name = shown(path)
    try:
        with path.open("rb") as file:
            raw = file.read(_LIMIT_BYTES + 1)
        if len(raw) > _LIMIT_BYTES:
            raise UsageError(f"{name} is larger than 1 MB", hint=_PAGE)
        said = SourceFile.model_validate(tomllib.loads(raw.decode("utf-8")))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        problem = shown(first["msg"].removeprefix("Value error, "), 300)
        raise UsageError(f"{name}: {f'{where}: ' if where else ''}{problem}", hint=_PAGE) from error
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise UsageError(f"{name} cannot be read: {why}", hint="Check the path.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not TOML: {shown(error, 200)}", hint=_PAGE) from error
    return _rooted(said, path.parent)


def _rooted(said: SourceFile, folder: Path) -> SourceFile:
    """The file with its paths as they are meant from where auditor was started."""
    diffusion = said.diffusion
    if diffusion is not None and diffusion.names is not None:
        names = str(folder / Path(diffusion.names).expanduser())
        diffusion = diffusion.model_copy(update={"names": names})
    entries = tuple(
        each
        if "://" in each.source
        else each.model_copy(update={"source": str(folder / Path(each.source).expanduser())})
        for each in said.dataset
    )
    return said.model_copy(update={"dataset": entries, "diffusion": diffusion})
