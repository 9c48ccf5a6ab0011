"""Ask what was planned: all of it, or in stages until what was answered decides.

A stage asks what the stages before it left out. So the last one has asked what an exhaustive plan
asks, and says what that says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from auditor.errors import NotAudited
from auditor.evidence.comparison import NOT_MEASURED, Comparison, compared
from auditor.evidence.null import StoredNull
from auditor.evidence.perturbed import with_perturbed
from auditor.evidence.screening import (
    after_closer_look,
    after_first_look,
    looked_closely,
    most_suspicious,
    screen_name,
    screen_of,
)
from auditor.evidence.stages import Lines, Looked, Stage, corrected, stops
from auditor.evidence.table import ProbeTable
from auditor.perturbing import PerturbedAnswers
from auditor.probes.plan import Plan, ProbePlan
from auditor.probes.run import NothingReadError, Probed, together
from auditor.references.build import References
from auditor.types import Skip

Ask = Callable[[ProbePlan], Probed]
Tabled = Callable[[Probed], tuple[ProbeTable, References]]
Perturb = Callable[[Probed, ProbeTable, References], PerturbedAnswers]
NO_STAGES = "plan: exhaustive, as no benign models were measured as a sequential one would ask"
MEAN_LABELS = "plan: exhaustive, as entities asked about mean labels of the model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inquiry:
    """What may be asked, and what the answers are compared with.

    Attributes:
        plan: All that may be asked.
        how: Whether to ask all of it.
        most: The most probes that may be asked; None for all of the plan.
        false_positive_rate: At which a finding is called.
        classes: The model's number of labels.
        architecture: The model's, as its config names it.
        null: The benign models for these instances; None where there are none.
    """

    plan: ProbePlan
    how: Plan
    most: int | None
    false_positive_rate: float
    classes: int
    architecture: str | None
    null: StoredNull | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was answered by the end, and what it is to be compared with.

    Attributes:
        probed: Every answer.
        table: Those of whole stages, gathered.
        references: What the table is beside.
        null: Benign models that were looked at in the same way.
        stage: The last whole stage; None where nothing was asked in stages.
        looks: How the model stood after each stage; empty where nothing was asked in stages.
        lines: Where stages stop.
        skips: Why it ended before anything was decided, if so.
        notices: What else a reader should know.
        perturbed: What was answered to perturbed probes after the whole plan.
    """

    probed: Probed
    table: ProbeTable
    references: References
    null: StoredNull | None
    stage: Stage | None = None
    looks: tuple[Looked, ...] = ()
    lines: Lines = field(default_factory=lambda: Lines.at(1.0))
    skips: tuple[Skip, ...] = ()
    notices: tuple[str, ...] = ()
    perturbed: PerturbedAnswers = field(default_factory=PerturbedAnswers)

    @property
    def complete(self) -> bool:
        """Whether it was neither interrupted nor short of probes."""
        return self.probed.complete and self.perturbed.complete and not self.skips

    def p_value(self, p_value: float) -> float:
        """The p-value for the whole plan, of one that the last stage gives."""
        return corrected(p_value, self.looks, self.lines) if self.looks else p_value


def hear(inquiry: Inquiry, ask: Ask, tabled: Tabled, perturb: Perturb) -> Heard:
    """Follow the plan.

    Args:
        inquiry: The plan, and what the answers are compared with.
        ask: Shows the model what a part of the plan says.
        tabled: Gathers answers beside those of the references.
        perturb: Asks perturbed probes, where the whole plan was asked.

    Raises:
        NotAudited: The budget has no room for a verdict.
        EntityError: Not one instance could be read.
        KeyboardInterrupt: It came before anything was answered.
    """
    staged = inquiry.how is Plan.SEQUENTIAL and inquiry.null is not None and inquiry.null.screened
    _require_room(inquiry, inquiry.plan.up_to(1) if staged else inquiry.plan)
    if staged:
        try:
            return _Course(inquiry, ask, tabled, perturb).followed()
        except NothingReadError:  # in the first look; there may be better pictures
            _require_room(inquiry, inquiry.plan)
    probed = ask(inquiry.plan)
    table, references = tabled(probed)
    notices = (NO_STAGES,) if inquiry.how is Plan.SEQUENTIAL else ()
    heard = Heard(
        probed=probed, table=table, references=references, null=inquiry.null, notices=notices
    )
    return _perturbed(heard, perturb)


def _perturbed(heard: Heard, perturb: Perturb) -> Heard:
    answers = perturb(heard.probed, heard.table, heard.references)
    return replace(heard, perturbed=answers, table=with_perturbed(heard.table, answers.tables))


def _require_room(inquiry: Inquiry, least: ProbePlan) -> None:
    if inquiry.most is None or least.probes <= inquiry.most:
        return
    enough = f"--max-probes {inquiry.plan.probes} is enough for every verdict"
    if least.probes < inquiry.plan.probes:
        enough += f", {least.probes} for some"
    raise NotAudited(f"--max-probes {inquiry.most} is too small for any verdict", hint=f"{enough}.")


@dataclass(frozen=True, slots=True, eq=False)
class _Course:
    """How a sequential plan runs."""

    inquiry: Inquiry
    ask: Ask
    tabled: Tabled
    perturb: Perturb

    def followed(self) -> Heard:
        null, plan = self.inquiry.null, self.inquiry.plan
        assert null is not None
        heard, asked = self._first_look(null)
        if not heard.probed.complete:
            return heard
        # One look at an entity that means a label says little of whether others' labels get it.
        mean_labels = heard.table.inside is not None
        close = None if mean_labels else self._to_look_at(heard)
        if close is None:
            rest = self._whole(heard, plan.after(asked), null)
            why = MEAN_LABELS if mean_labels else NO_STAGES
            return replace(rest, stage=None, looks=(), notices=(why,))
        heard, stopped = self._looked(heard)
        if stopped:
            return heard
        closer = after_closer_look(null, self._screen(heard))
        part = plan.up_to(max(plan.instances), set(close.tolist())).after(asked)
        then = self._then(heard, part, Stage.CLOSER, closer, close)
        if then.stage is not Stage.CLOSER:
            return then
        then, stopped = self._looked(then)
        if stopped:
            return then
        so_far = [max(begin, count) for begin, count in zip(asked, part.instances, strict=True)]
        whole = self._whole(then, plan.after(so_far), null)
        return self._looked(whole)[0] if whole.stage is Stage.WHOLE else whole

    def _first_look(self, null: StoredNull) -> tuple[Heard, list[int]]:
        """One instance of each entity that can be read, and how many were tried of each."""
        plan = self.inquiry.plan
        heard = Heard(
            **self._gathered(self.ask(plan.up_to(1)), None),
            null=after_first_look(null),
            stage=Stage.FIRST,
            lines=Lines.at(self.inquiry.false_positive_rate),
        )
        asked = [min(1, count) for count in plan.instances]
        while heard.probed.complete and (missing := _unseen(heard.probed, plan, asked)):
            part = plan.up_to(max(asked[i] for i in missing) + 1, missing).after(asked)
            heard = self._then(heard, part, Stage.FIRST, heard.null, None)
            asked = [count + (i in missing) for i, count in enumerate(asked)]
        return heard, asked

    def _whole(self, heard: Heard, part: ProbePlan, null: StoredNull) -> Heard:
        """The rest of the plan, and what is asked after it."""
        whole = self._then(heard, part, Stage.WHOLE, null, None)
        if whole.stage is not Stage.WHOLE:
            return whole
        more = _perturbed(whole, self.perturb)
        against = self._compared(more, null).null
        models = {look.benign.shape[1] for look in heard.looks}
        if against is None or models <= {against.models}:
            return more
        # The looks before are of benign models that were not all asked perturbed probes.
        return replace(whole, perturbed=more.perturbed.left_out(NOT_MEASURED))

    def _then(
        self,
        heard: Heard,
        part: ProbePlan,
        stage: Stage,
        null: StoredNull | None,
        close: NDArray[np.int64] | None,
    ) -> Heard:
        """One stage further; what was heard before where there is no room, or an interrupt."""
        before = heard.probed
        spent = len(before.predictions.entity)
        if self.inquiry.most is not None and spent + part.probes > self.inquiry.most:
            return replace(heard, skips=(_out_of_budget(self.inquiry, spent + part.probes),))
        try:
            probed = together(before, self.ask(part)) if part.probes else before
        except NothingReadError as error:
            probed = replace(before, unreadable=(*before.unreadable, *error.unreadable))
        except KeyboardInterrupt:
            probed = replace(before, complete=False)
        if not probed.complete:
            return replace(heard, probed=probed)
        return replace(heard, **self._gathered(probed, close), null=null, stage=stage)

    def _gathered(self, probed: Probed, close: NDArray[np.int64] | None) -> dict[str, Any]:
        table, references = self.tabled(probed)
        table = table if close is None else looked_closely(table, close)
        return {"probed": probed, "table": table, "references": references}

    def _to_look_at(self, heard: Heard) -> NDArray[np.int64] | None:
        """The entities to look at closely; None where no benign model was looked at so."""
        null, screen = self.inquiry.null, screen_of(heard.table)
        if null is None or screen is None or not len(heard.table.entity):
            return None
        others = [after_first_look(null), after_closer_look(null, self._screen(heard)), null]
        first, *later = [self._compared(heard, other) for other in others]
        if first.null is None or first.incomparable:
            return None
        alike = [
            other.null is not None
            and list(other.null.statistics) == list(first.null.statistics)
            and other.null.models == first.null.models
            for other in later
        ]
        return most_suspicious(heard.table, screen) if all(alike) else None

    def _looked(self, heard: Heard) -> tuple[Heard, bool]:
        """With how the model stands now, and whether that decides."""
        against = self._compared(heard, heard.null)
        look, p_value = Looked.of(against, heard.table), against.p_value(heard.table)
        assert heard.stage is not None
        assert look is not None
        assert p_value is not None
        looked = replace(heard, looks=(*heard.looks, look))
        return looked, stops(heard.stage, p_value, heard.lines)

    def _screen(self, heard: Heard) -> str:
        return screen_name(screen_of(heard.table) or (), heard.references.clean_per_class)

    def _compared(self, heard: Heard, null: StoredNull | None) -> Comparison:
        return compared(
            heard.table,
            null,
            classes=self.inquiry.classes,
            clean_per_class=heard.references.clean_per_class,
            architecture=self.inquiry.architecture,
        )


def _unseen(probed: Probed, plan: ProbePlan, asked: Sequence[int]) -> set[int]:
    """The entities of which nothing was readable yet, and there is more."""
    seen = set(probed.predictions.entity.tolist())
    counts = zip(asked, plan.instances, strict=True)
    return {i for i, (tried, count) in enumerate(counts) if i not in seen and tried < count}


def _out_of_budget(inquiry: Inquiry, needed: int) -> Skip:
    return Skip(
        subject="scan",
        reason=f"undecided when --max-probes {inquiry.most} left no room for the next stage",
        remedy=f"Give --max-probes {needed} or more; {inquiry.plan.probes} is enough for sure.",
    )
