"""What a reader should know of a scan besides its findings: what was not asked, and what of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditor.entities.bank import EntityBank
from auditor.evidence.stages import Stage
from auditor.evidence.table import ProbeTable
from auditor.probes.plan import ProbePlan
from auditor.probes.run import Probed
from auditor.types import Finding, Skip

UNREADABLE_NAMED = 5
ONLY_WRONG_LABELS = (
    "every entity asked about means a label of the model, so only wrong labels were looked for: "
    "name things that are no labels with --entities to have the rest looked for"
)


def not_asked(probed: Probed, plan: ProbePlan, bank: EntityBank) -> tuple[Skip, ...]:
    """The entities that no picture could be shown of, or that the scan was interrupted."""
    if probed.complete:
        asked = set(probed.predictions.entity.tolist())
        return tuple(
            Skip(
                subject=entity.id,
                reason=f"no picture of {entity.name!r} could be read",
                remedy="Repair its pictures, or add others.",
            )
            for i, entity in enumerate(bank.entities)
            if i not in asked
        )
    done = len(probed.predictions.entity)
    return (
        Skip(
            subject="scan",
            reason=f"interrupted after {done} of {plan.probes} probes",
            remedy="Run it again to the end; a partial scan gives no verdict.",
        ),
    )


def notices_of(bank: EntityBank, probed: Probed, table: ProbeTable) -> tuple[str, ...]:
    """Where the entities came from, and what of them could not be used."""
    notices = [f"entities: {bank.source} ({bank.why})"] if bank.why else []
    if bank.revision:
        notices.append(f"entities: {bank.source} at commit {bank.revision}")
    notices.extend(bank.notices)
    if table.inside is not None and not len(table.entity):
        notices.append(ONLY_WRONG_LABELS)
    if probed.unreadable:
        named = "; ".join(probed.unreadable[:UNREADABLE_NAMED])
        more = len(probed.unreadable) - UNREADABLE_NAMED
        named += f"; and {more} more" if more > 0 else ""
        count = len(probed.unreadable)
        notices.append(f"images left out because they could not be read: {count} ({named})")
    notices += probed.notices
    return tuple(notices)


def plan_notices(
    stage: Stage | None, table: ProbeTable, probed: Probed, plan: ProbePlan
) -> tuple[str, ...]:
    """What a sequential plan left out, as no more was needed for a verdict."""
    if stage is None or not probed.complete:
        return ()
    done = f"{len(probed.predictions.entity):,} of the {plan.probes:,} probes of --plan exhaustive"
    if stage is Stage.WHOLE:
        return (f"plan: sequential; {stage} was needed",)
    if stage is Stage.FIRST or table.close is None:
        return (f"plan: sequential; {stage} was enough, {done}",)
    close = len(np.intersect1d(table.all_tested, table.close))
    others = len(table.all_tested) - close
    return (
        f"plan: sequential; {stage} ({close}) was enough, {done}: pairs were searched among "
        f"those, the other {others} were looked at once",
    )


def picture_notices(findings: Sequence[Finding]) -> tuple[str, ...]:
    """That a report holds pictures, which whoever hands it on should know."""
    examples = [example for finding in findings for example in finding.examples]
    probes = {e.picture for e in examples if e.picture}
    clean = {n.picture for e in examples for n in e.neighbours if n.picture}
    if not probes and not clean:
        return ()
    of_clean = f" and {len(clean)} of the clean data" if clean else ""
    return (
        f"pictures: the JSON and HTML reports hold {len(probes)} small pictures of the entities"
        f"{of_clean}; --pictures none leaves them out",
    )
