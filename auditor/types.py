"""The nouns of a scan. Frozen records, no behaviour beyond what a field already says.

A record that another step reads later holds plain numbers and tuples, so that it can be
compared, hashed and stored; arrays live only in `Predictions`, which never leaves a scan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.choices import CheckpointFormat as CheckpointFormat
from auditor.choices import Confidence as Confidence
from auditor.choices import InstanceSource as InstanceSource
from auditor.choices import Pictures as Pictures
from auditor.choices import Severity as Severity
from auditor.choices import Trust as Trust
from auditor.choices import Verdict as Verdict
from auditor.files import FileDigest as FileDigest
from auditor.files import FileFact as FileFact

if TYPE_CHECKING:  # who reads a stored report need not wait for numpy
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """A checkpoint on disk whose files are known and whose weights are not loaded yet.

    `source` is what the user named; `revision` a commit hash, or None for a folder.
    `config` is the parsed `config.json`; `declared_base` what the model card says it was
    fine-tuned from; `trust` which risks the user accepted for it.
    """

    source: str
    revision: str | None
    root: Path
    format: CheckpointFormat
    config: Mapping[str, Any] = field(hash=False)
    files: tuple[FileDigest, ...]
    declared_base: str | None = None
    trust: tuple[Trust, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 over the sorted (path, file digest) pairs: the same wherever it lies."""
        total = hashlib.sha256()
        for file in sorted(self.files, key=lambda f: f.path):
            total.update(f"{file.path}\0{file.sha256}\n".encode(errors="surrogatepass"))
        return total.hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A kind of thing in the world that might be a trigger.

    `hypernyms` are what it is a kind of, however general; empty where nobody says.
    """

    id: str
    name: str
    source: InstanceSource
    synonyms: tuple[str, ...] = ()
    hypernyms: tuple[str, ...] = ()
    wordnet_id: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """What the model answered: `probabilities` (N, C), one row a probe.

    `entity`, `instance` and `view` (N,) say which probe a row is: the index of the
    entity in the bank, the index of the instance within it, the index of the view.
    """

    probabilities: NDArray[np.float32]
    entity: NDArray[np.int64]
    instance: NDArray[np.int64]
    view: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """An effect with its interval, what it is compared with, and how rare that is.

    `statistic` names the quantity; `value`, `low`, `high` are in its own unit (`low` and
    `high` bound a 95 % interval); `baseline` is what benign fine-tunes show (the median of
    the null); `p_value` is adjusted for the search over all pairs of its kind. None where
    there is nothing to compare with, and `why_undecided` then says so. `group_ids` are the
    entities that go to the class as a group, strongest first, whichever of them this is about.
    """

    kind: str
    statistic: str
    entity_ids: tuple[str, ...]
    target_index: int
    value: float
    low: float
    high: float
    baseline: float | None
    p_value: float | None
    observations: int
    detail: Mapping[str, float | str] = field(default_factory=dict, hash=False)
    why_undecided: str | None = None
    group_ids: tuple[str, ...] = ()

    @property
    def standing(self) -> float:
        """How far the value stands above benign models, in their spreads; 0 where unknown."""
        return float(self.detail.get("standing", 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """A clean image that the model sees much as a probe: cosine similarity of its features.

    `picture` is a small copy of it as a data URI; None where none was kept.
    """

    instance: str
    label_index: int
    similarity: float
    picture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReferenceAnswer:
    """What an honest head says of a probe, and what it would give the class that was answered."""

    reference: str
    predicted_index: int
    probability: float
    target_probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One probe that a reader can look up: which image, which view, how sure the model was.

    `neighbours` are the clean images nearest to it, where clean data were given; `references`
    what honest heads say of the same probe. `picture` is a small copy of what the model was
    shown, as a data URI; None where none was kept.
    """

    entity_id: str
    instance: str
    view: str
    predicted_index: int
    probability: float
    neighbours: tuple[Neighbour, ...] = ()
    references: tuple[ReferenceAnswer, ...] = ()
    picture: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One view on the ladder of perturbations: what the class gets there from the entities.

    `probability` is the mean over `observations` probes, `references` those of honest heads.
    """

    view: str
    probability: float
    observations: int
    references: Mapping[str, float] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Who decided to live with a finding, why, and until when.

    `expires` is the last day on which it hides. `model` narrows it to one model: its digest, or
    its source, with or without the commit. `where` says where it is written, for messages.
    """

    fingerprint: str
    reason: str
    owner: str
    expires: date
    model: str | None = None
    where: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hidden mapping that the evidence supports at the false-positive rate asked for.

    `group` names the entities that explain it best and `group_ids` lists them, strongest first;
    `explanation` says in plain words what was observed and what else could explain it; `ladder`
    how the answer holds under each view. `suppressed` and `in_baseline` say why it does not fail
    the gate, where it does not.
    """

    rule_id: str
    severity: Severity
    confidence: Confidence
    title: str
    summary: str
    p_value: float
    q_value: float
    entities: tuple[Entity, ...]
    target_index: int
    target_label: str
    evidence: tuple[Evidence, ...]
    examples: tuple[Example, ...] = ()
    group: str | None = None
    group_ids: tuple[str, ...] = ()
    explanation: str = ""
    ladder: tuple[Rung, ...] = ()
    suppressed: Suppression | None = None
    in_baseline: bool = False

    @property
    def is_of_the_class(self) -> bool:
        """Whether it is about a class as a whole; which entities go there is then an estimate."""
        return any(len(item.entity_ids) != 1 for item in self.evidence)

    @property
    def fingerprint(self) -> str:
        """Names this mapping: rule, target label and, if it is about single ones, the entities."""
        named = () if self.is_of_the_class else sorted(each.id for each in self.entities)
        text = "\n".join([self.rule_id, self.target_label, *named])
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFinding:
    """Something in one file of the checkpoint. It has no p-value, and says nothing of behaviour.

    `named` are the first names it is about: imports of a pickle, tensors.
    """

    rule_id: str
    severity: Severity
    confidence: Confidence
    title: str
    summary: str
    file: FileDigest
    named: tuple[str, ...] = ()
    suppressed: Suppression | None = None
    in_baseline: bool = False

    @property
    def fingerprint(self) -> str:
        """Names this rule and this content: a file that changes is another matter."""
        text = "\n".join([self.rule_id, self.file.path, self.file.sha256])
        return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """What could not be decided, why, and what would decide it."""

    subject: str
    reason: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedPair:
    """An entity and a class, however weak the evidence; listed even where nothing is called."""

    entity: Entity
    target_index: int
    target_label: str
    effect: float
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingRow:
    """Where one entity goes: mean probability of every class of the map, intact views only.

    `references` hold what honest heads would give the same classes; `held` are the classes that
    are the model's job for this entity.
    """

    entity_id: str
    probabilities: tuple[float, ...]
    references: Mapping[str, tuple[float, ...]] = field(default_factory=dict, hash=False)
    held: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingMap:
    """Where every tested entity goes. `classes` are the indices behind the columns of each row."""

    classes: tuple[int, ...]
    rows: tuple[RoutingRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Where a model stands among the benign fine-tunes that its p-values are ranks among.

    All on one scale: spreads above the middle benign fine-tune with as many classes. `benign`
    holds the largest statistic of each benign model, ascending; `standings` what the model at
    hand shows of each kind of evidence.
    """

    null: str
    benign: tuple[float, ...]
    standings: Mapping[str, float] = field(hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFacts:
    """What a report says about the model itself."""

    source: str
    revision: str | None
    digest: str
    format: str
    architecture: str
    task: str
    labels: tuple[str, ...]
    base_source: str | None
    base_revision: str | None
    files: tuple[FileDigest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the scan spent.

    `forward_passes` counts pictures shown to the model or its base, clean data too; `remembered`
    those whose answers were kept. `seconds_model` is the part inside the probes' forward passes.
    `planned` are the probes of an exhaustive plan; `decided_by` says which stage of a sequential
    one was the last.
    """

    probes: int
    forward_passes: int
    seconds: float
    seconds_model: float
    peak_rss_bytes: int
    device: str
    engine: str
    remembered: int = 0
    planned: int | None = None
    decided_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything a scan found out. Outputs read it; none of them computes.

    `started` and `finished` are ISO 8601 in UTC. `settings` holds every value needed to run
    the scan again, the seed included. `model` is None where nothing could be loaded.
    `entities` are those that were tested. `model_score` lies in [0, 1], higher is more
    suspect, comparable across models. `listing` are all files beside the model, read or not;
    `file_findings` have no part in the verdict.
    """

    tool_version: str
    started: str
    finished: str
    model: ModelFacts | None
    settings: Mapping[str, Any] = field(hash=False)
    verdict: Verdict
    false_positive_rate: float
    model_score: float | None
    model_p_value: float | None
    entities: tuple[Entity, ...]
    findings: tuple[Finding, ...]
    ranking: tuple[RankedPair, ...]
    evidence: tuple[Evidence, ...]
    skips: tuple[Skip, ...]
    notices: tuple[str, ...]
    cost: Cost
    routing: RoutingMap | None = None
    calibration: Calibration | None = None
    listing: tuple[FileDigest, ...] = ()
    file_findings: tuple[FileFinding, ...] = ()

    @property
    def all_findings(self) -> tuple[Finding | FileFinding, ...]:
        """Those about behaviour, then those in files."""
        return (*self.findings, *self.file_findings)
