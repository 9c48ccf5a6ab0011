"""Perturbed probes: which of them depth and material allow, and why others were not asked.

They are asked after all the ordinary ones, and only by a deep scan: what they add beside those is
little (`docs/decisions/027-perturbed-probes.md`). What benign models were not measured with is not
asked at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from auditor.entities.bank import EntityBank
from auditor.errors import UnsupportedModel
from auditor.evidence.comparison import NOT_MEASURED
from auditor.evidence.kinds import KINDS
from auditor.evidence.null import StoredNull
from auditor.evidence.perturbed import Perturbed, collision_table, ladder_table
from auditor.evidence.table import ProbeTable, looks_of
from auditor.models.classifier import Classifier
from auditor.models.patience import is_out_of_memory
from auditor.models.torch_image import TorchImageClassifier
from auditor.probes.collisions import ENTITIES, PICTURES, Collisions, collide, evenly, one_of_each
from auditor.probes.ladder import RUNGS, Ladder, climb
from auditor.probes.plan import Depth, ProbePlan
from auditor.probes.run import Probed
from auditor.references.build import Reference, References
from auditor.references.open import Material

Progress = Callable[[str, int, int], None]
Goals = Callable[[NDArray[np.int64]], NDArray[np.float32]]
NO_MEMORY = "there is not enough memory for it"
INTERRUPTED = "the scan was interrupted before"
ENDED = "the scan ended before"
DECIDED = "less than the whole plan was enough for a verdict"
ALL_INSIDE = "every entity asked about means a label of the model"


@dataclass(frozen=True, slots=True)
class Deeper:
    """How far to go.

    Attributes:
        depth: Of the scan.
        null: What benign models show; None where nobody knows, so that nothing is ranked.
        seed: Draws the noise.
        most: The most probes that the model may be asked in all; None for no limit.
        progress: Told (stage, done, total).
    """

    depth: Depth
    null: StoredNull | None
    seed: int
    most: int | None
    progress: Progress


@dataclass(frozen=True, slots=True, eq=False)
class PerturbedAnswers:
    """What perturbed probes told.

    Attributes:
        tables: By kind of probe, those that were asked.
        missing: Why others were not.
        passes: Pictures that were shown to the model or its base.
        complete: False where the scan was interrupted meanwhile.
    """

    tables: Mapping[Perturbed, ProbeTable] = field(default_factory=dict)
    missing: Mapping[Perturbed, str] = field(default_factory=dict)
    passes: int = 0
    complete: bool = True

    @property
    def told(self) -> bool:
        """Whether each kind of probe was asked, or is said why it was not."""
        return len(self.tables) + len(self.missing) == len(Perturbed)

    def left_out(self, why: str) -> PerturbedAnswers:
        """The same where what was answered counts for nothing."""
        return replace(self, tables={}, missing={**dict.fromkeys(self.tables, why), **self.missing})


def never_reached(deeper: Deeper, complete: bool) -> PerturbedAnswers:
    """Nothing was asked, and the scan ended before: with a verdict where it is `complete`."""
    return _nothing(deeper, _too_shallow(deeper) or (DECIDED if complete else ENDED))


def _nothing(deeper: Deeper, why: str) -> PerturbedAnswers:
    return PerturbedAnswers(missing=dict.fromkeys(Perturbed, why) | _unmeasured(deeper.null))


def _unmeasured(null: StoredNull | None) -> dict[Perturbed, str]:
    """The kinds of probe that no benign model was measured with, where there are any."""
    if null is None:
        return {}
    stored = {name.partition("@")[0] for name, v in null.statistics.items() if np.isfinite(v).any()}
    measured = {kind.perturbed for name, kind in KINDS.items() if name in stored}
    return {one: NOT_MEASURED for one in Perturbed if one not in measured}


def ask_perturbed(
    classifier: Classifier,
    bank: EntityBank,
    plan: ProbePlan,
    probed: Probed,
    table: ProbeTable,
    references: References,
    material: Material,
    deeper: Deeper,
) -> PerturbedAnswers:
    """Ask every perturbed probe that depth and material allow.

    An interrupt ends it early, and what the ordinary probes told is kept.

    Args:
        classifier: The model under audit.
        bank: What it was asked about.
        plan: How.
        probed: What it answered.
        table: The same as a table; its entities are asked about.
        references: What is left of the references.
        material: Model and base.
        deeper: How far to go.
    """
    why = _why_not(deeper, probed, table)
    if why is not None:
        return _nothing(deeper, why)
    unmeasured = _unmeasured(deeper.null)
    goals = goals_in(probed, plan)
    try:
        ladder = unmeasured.get(Perturbed.LADDER) or on_ladder(
            classifier, bank, table, seed=deeper.seed, progress=deeper.progress
        )
        moved = unmeasured.get(Perturbed.COLLISIONS) or collisions_of(
            table, references, material, goals, progress=deeper.progress
        )
    except KeyboardInterrupt:
        return replace(_nothing(deeper, INTERRUPTED), complete=False)
    tables, missing, passes = {}, {}, 0
    if isinstance(ladder, Ladder):
        tables[Perturbed.LADDER] = ladder_table(ladder, entities=table.entities)
        passes += ladder.passes
    else:
        missing[Perturbed.LADDER] = ladder
    if isinstance(moved, Collisions):
        honest = references.judges[Reference.BASE].probabilities
        tables[Perturbed.COLLISIONS] = collision_table(moved, honest, entities=table.entities)
        passes += moved.passes
    else:
        missing[Perturbed.COLLISIONS] = moved
    return PerturbedAnswers(tables, missing, passes)


def _why_not(deeper: Deeper, probed: Probed, table: ProbeTable) -> str | None:
    if (why := _too_shallow(deeper)) is not None:
        return why
    if not probed.complete:
        return INTERRUPTED
    if not len(table.entity):
        return ALL_INSIDE
    enough = len(probed.predictions.entity) + _most(len(table.tested))
    if deeper.most is not None and enough > deeper.most:
        return f"needs --max-probes {enough} or more"
    return None


def _too_shallow(deeper: Deeper) -> str | None:
    return None if deeper.depth is Depth.DEEP else f"is not asked at --depth {deeper.depth}"


def _most(entities: int) -> int:
    """The most pictures that the model is shown for so many entities."""
    return entities * len(RUNGS) + (min(entities, ENTITIES) + 1) * PICTURES


def on_ladder(
    classifier: Classifier, bank: EntityBank, table: ProbeTable, *, seed: int, progress: Progress
) -> Ladder | str:
    """What the model answers on the ladder of views, or why nothing is known of it."""
    rng = np.random.default_rng([seed, 17])
    try:
        ladder = climb(
            classifier, bank, table.tested, rng, lambda *n: progress("climbing the ladder", *n)
        )
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return NO_MEMORY
    return ladder if len(ladder.entity) else "no instance of any entity can be read again"


def goals_in(probed: Probed, plan: ProbePlan) -> Goals:
    """Mean features `(E, D)` of entities in the base, as far as it was asked about them."""

    def goals(entities: NDArray[np.int64]) -> NDArray[np.float32]:
        found = looks_of(probed, plan.views, entities)
        if found is None:
            raise ValueError("the base was not asked about any entity")
        return found

    return goals


def collisions_of(
    table: ProbeTable,
    references: References,
    material: Material,
    goals: Goals,
    *,
    progress: Progress,
) -> Collisions | str:
    """What the model answers to pictures of the task moved towards entities, or why none were.

    Args:
        table: Its entities are those to choose from.
        references: What is left of the references.
        material: Model and base.
        goals: Positions of entities -> their mean features in the base.
        progress: Called with (stage, done, total).
    """
    clean, base, model = references.clean, material.base, material.model
    if Reference.BASE not in references.judges or model is None or base is None:
        return "needs the base and clean data"
    if clean is None or clean.show is None:
        return "needs clean data that can be shown again"
    if not len(table.entity):
        return ALL_INSIDE
    if not isinstance(base, TorchImageClassifier):
        return f"needs gradients of the base, which the {base.engine} engine does not give"
    entities = evenly(table.tested, ENTITIES)
    places = one_of_each(clean.labels)
    pictures = model.pixels([clean.show(int(place)) for place in places])
    try:
        return collide(
            model,
            base,
            pictures,
            clean.labels[places],
            goals(entities),
            entities,
            lambda *n: progress("moving pictures of the task", *n),
        )
    except UnsupportedModel as error:
        return error.message
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        return NO_MEMORY
