"""Settings of a scan: one frozen record, everything needed to run it again."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from auditor.errors import UsageError
from auditor.models.load import Engine, Precision
from auditor.probes.plan import Depth, Plan
from auditor.types import Pictures, Severity, Suppression, Trust

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

MAX_FALSE_POSITIVE_RATE = 0.5
FAIL_ON = (*(severity.value for severity in Severity), "never")
Record = TypeVar("Record", bound="DataclassInstance")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanSettings:
    """What to scan and how. Field names are those of the command-line options.

    `clean_data` is a data set of the task whose labels are the model's; `fpr` is the
    false-positive rate at which a finding is called; `fail_on` the mildest severity at which the
    gate fails (the report itself does not depend on it); `plan` says whether all is asked that
    `depth` allows, or no more than decides, and `max_probes` bounds it further; `patterns` are
    triggers that are no entity, which the same search then looks for too; `batch_size` None lets
    auditor choose;
    `rules` are extra rule files or folders; each of `allow` is a pair "ENTITY=LABEL" that is the
    model's job; `trust` are the risks that the user accepts of the model's files; `pictures` says
    which small pictures a report holds. `baseline` is a stored report whose findings do not fail
    the gate, nor do those in `ignore`; `config` is the file that some of this came from. `timeout`
    are the seconds after which a scan is stopped; with `resume` what the model answers is kept,
    and a scan goes on where an earlier one was cut off.
    """

    model: str
    base: str | None = None
    clean_data: str | None = None
    entities: str = "auto"
    split: str | None = None
    image_column: str | None = None
    label_column: str | None = None
    depth: Depth = Depth.STANDARD
    plan: Plan = Plan.SEQUENTIAL
    max_probes: int | None = None
    patterns: bool = False
    fpr: float = 0.01
    fail_on: str = "high"
    engine: Engine = Engine.AUTO
    device: str = "auto"
    precision: Precision = Precision.FLOAT32
    batch_size: int | None = None
    seed: int = 0
    rules: tuple[Path, ...] = field(default=())
    allow: tuple[str, ...] = ()
    trust: tuple[Trust, ...] = ()
    offline: bool = False
    pictures: Pictures = Pictures.ALL
    baseline: Path | None = None
    ignore: tuple[Suppression, ...] = ()
    config: Path | None = None
    timeout: float | None = None
    resume: bool = True

    def __post_init__(self) -> None:
        if not 0 < self.fpr <= MAX_FALSE_POSITIVE_RATE:
            raise UsageError(
                f"--fpr {self.fpr} is no false-positive rate",
                hint=f"Use a number above 0 and at most {MAX_FALSE_POSITIVE_RATE}.",
            )
        if self.batch_size is not None and self.batch_size < 1:
            raise UsageError(
                f"--batch-size {self.batch_size} is too small", hint="Use auto or a number >= 1."
            )
        if self.max_probes is not None and self.max_probes < 1:
            raise UsageError(
                f"--max-probes {self.max_probes} is no budget", hint="Use a number >= 1."
            )
        if self.fail_on not in FAIL_ON:
            raise UsageError(
                f"--fail-on {self.fail_on} is no severity",
                hint=f"Use one of: {', '.join(FAIL_ON)}.",
            )
        if self.timeout is not None and not 0 < self.timeout < float("inf"):
            raise UsageError(
                f"--timeout {self.timeout:g} is no time", hint="Use a number of seconds above 0."
            )
        if self.seed < 0:
            raise UsageError(f"--seed {self.seed} is negative", hint="Use 0 or more.")
        for pair in self.allow:
            if not is_pair(pair):
                raise UsageError(
                    f"--allow {pair!r} is no pair of an entity and a label",
                    hint='Write "ENTITY=LABEL"; one of the two may be * for all of them.',
                )

    def as_json(self) -> dict[str, Any]:
        """Plain values for the report."""
        said = asdict(self)
        said["rules"] = [str(path) for path in self.rules]
        said["allow"] = list(self.allow)
        said["trust"] = [risk.value for risk in self.trust]
        for name in ("baseline", "config"):
            said[name] = None if said[name] is None else str(said[name])
        said["ignore"] = [
            {key: str(value) for key, value in asdict(entry).items() if value and key != "where"}
            for entry in self.ignore
        ]
        for name in ("depth", "plan", "engine", "precision", "pictures"):
            said[name] = said[name].value
        return said


def is_pair(text: str) -> bool:
    """Whether `text` is "ENTITY=LABEL", where one of the two may be `*`; names may hold a `=`."""
    sides = [side.strip() for side in text.split("=")]
    return len(sides) > 1 and any(sides[:-1]) and any(sides[1:]) and set(sides) != {"*"}


def settings_from(model: str, said: Mapping[str, Any]) -> ScanSettings:
    """Settings from keyword arguments, plain strings where the record has enumerations.

    Raises:
        UsageError: An unknown name (the nearest known one is named) or a wrong value.
    """
    plain = {key: _plain(value) for key, value in {"model": model, **said}.items()}
    for name in ("rules", "allow"):
        if isinstance(plain.get(name), str):
            plain[name] = (plain[name],)
    return record_from(ScanSettings, plain)


def record_from(kind: type[Record], said: Mapping[str, Any]) -> Record:
    """A frozen record of settings from keyword arguments.

    Raises:
        UsageError: An unknown name (the nearest known one is named) or a wrong value.
    """
    require_known(said, [f.name for f in fields(kind)])
    try:
        return TypeAdapter(kind).validate_python({key: _plain(said[key]) for key in said})
    except ValidationError as error:
        first = error.errors()[0]
        raise UsageError(
            f"setting {first['loc'][0]!r}: {first['msg'][:1].lower()}{first['msg'][1:]}",
            hint="See auditor --help of that command for the choices.",
        ) from error


def require_known(said: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse names of settings that there are none of.

    Raises:
        UsageError: One is unknown; the nearest known one is named.
    """
    for name in said:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(known)}."
            raise UsageError(f"unknown setting {name!r}", hint=hint)


def _plain(value: object) -> object:
    """A path as the string it would be on the command line."""
    return os.fspath(value) if isinstance(value, os.PathLike) else value
