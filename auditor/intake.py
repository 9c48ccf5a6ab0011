"""The first step of a scan: a model is found, listed and looked at, before anything opens it.

What is found out about its files stays known where the scan ends without a verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from auditor.checkpoints.listing import cannot_read
from auditor.checkpoints.pickles import DANGEROUS, pickle_fact
from auditor.checkpoints.resolve import checked, find, listed
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError, NotAudited
from auditor.judge_files import judge_files
from auditor.models.facts import weight_facts
from auditor.models.remote_code import wants_code
from auditor.rules import Rule
from auditor.types import (
    Checkpoint,
    CheckpointFormat,
    FileDigest,
    FileFact,
    FileFinding,
    Report,
    Trust,
)

CODE_DID_NOT_RUN = (
    "config.json asks to run code of its own (auto_map or custom_pipelines); it did not run, and "
    "what was audited is the architecture of transformers of that name"
)
CODE_RAN = (
    "code that came with the model ran, because of --trust remote-code: it could have changed "
    "what this report says"
)
PICKLE_WAS_LOADED = (
    "the weights came from a pickle, loaded as plain tensors because of --trust pickle"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What is known of a model's files, whatever becomes of the scan."""

    listing: tuple[FileDigest, ...] = ()
    findings: tuple[FileFinding, ...] = ()
    notices: tuple[str, ...] = ()

    def put_into(self, report: Report) -> Report:
        """A report with it."""
        return replace(
            report,
            listing=self.listing,
            file_findings=self.findings,
            notices=(*report.notices, *self.notices),
        )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Whatever ends the scan in here without a verdict takes it along."""
        try:
            yield
        except NotAudited as error:
            error.known_of_files = self
            raise


def with_files_of(error: Exception | None, report: Report) -> Report:
    """The report of a scan that ended in an error, with what was known of the files by then."""
    known = getattr(error, "known_of_files", None)
    return known.put_into(report) if isinstance(known, Intake) else report


def take_in(
    model: str, rules: Sequence[Rule], *, offline: bool, trust: Sequence[Trust]
) -> tuple[Checkpoint, Intake]:
    """Find a model, list its files, look at them, check them. Nothing is loaded.

    Args:
        model: What the user named.
        rules: All rules; those about files speak here.
        offline: Make no request.
        trust: The risks that the user accepts.

    Raises:
        NotAudited: It cannot be found, or opened without risk; `known_of_files` has what was
            found out until then.
    """
    found = find(model, offline=offline, trust=trust)
    listing = listed(found)
    facts = _pickles(found.root, listing)
    intake = Intake(listing=listing, findings=judge_files(rules, facts))
    with intake.kept():
        checkpoint = checked(found, listing)
        _require_no_known_danger(checkpoint, facts)
        facts += weight_facts(checkpoint)
    return checkpoint, replace(
        intake, findings=judge_files(rules, facts), notices=tuple(_notices(checkpoint))
    )


def _pickles(root: Path, listing: Iterable[FileDigest]) -> tuple[FileFact, ...]:
    try:
        facts = [pickle_fact(root / file.path, file) for file in listing]
    except OSError as error:
        raise cannot_read(error, root) from error
    return tuple(fact for fact in facts if fact is not None)


def _require_no_known_danger(checkpoint: Checkpoint, facts: Iterable[FileFact]) -> None:
    """`--trust pickle` accepts what nobody knows of a pickle, not what picklescan knows of it."""
    for fact in facts:
        if fact.kind == DANGEROUS and fact.file in checkpoint.files:
            raise CheckpointError(
                f"{shown(fact.file.path)} is not loaded: {fact.says}",
                hint="no flag makes auditor load it: ask for safetensors",
            )


def _notices(checkpoint: Checkpoint) -> Iterator[str]:
    if checkpoint.format is CheckpointFormat.PICKLE:
        yield PICKLE_WAS_LOADED
    if wants_code(checkpoint):
        yield CODE_RAN if Trust.REMOTE_CODE in checkpoint.trust else CODE_DID_NOT_RUN
