"""Rules that cannot speak in a scan: why, and what would let them.

A kind of evidence that needs a base or clean data leaves nothing undecided where there are none:
the verdict rests on the kinds that spoke, and the report lists those that could not.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from auditor.config import ScanSettings
from auditor.evidence.gather import Gathered
from auditor.evidence.kinds import KINDS
from auditor.evidence.legitimate import FEWEST_INSIDE
from auditor.evidence.perturbed import Perturbed
from auditor.evidence.table import ProbeTable
from auditor.perturbing import DECIDED
from auditor.probes.plan import Depth
from auditor.probes.reach import NOT_ASKED, Reach, Search
from auditor.references.build import Reference, References
from auditor.rules import Rule
from auditor.types import Skip

# What the user can give, and what each reference is made of.
GIVEN = {"--base": "the base", "--clean-data": "clean data"}
NEEDS = {
    Reference.DRIFT: ("--base",),
    Reference.BASE: ("--base", "--clean-data"),
    Reference.OWN: ("--clean-data",),
}
USABLE = {"--base": Reference.DRIFT, "--clean-data": Reference.OWN}
NO_REACH = Reach()
ALL_ASKED: Mapping[Perturbed, str] = {}
DEEPER = "Scan with --depth deep."
EXHAUSTIVE = "Scan with --plan exhaustive."
NOT_DRIVEN = {
    Search.HEAD: "Scan the safetensors weights of a model with a linear head.",
    Search.INNER: "Scan the safetensors weights, with a greater --depth where that is the reason.",
}
ASK = "Give --patterns; the search is wider then, so that entities need stronger evidence."
TOO_FEW = "too few benign models were measured with this evidence"
NONE_INSIDE = f"fewer than {FEWEST_INSIDE} of the entities asked about mean a label of the model"
ALL_INSIDE = "every entity asked about means a label of the model"


def rules_that_speak(
    rules: Sequence[Rule],
    gathered: Gathered,
    table: ProbeTable,
    references: References,
    settings: ScanSettings,
    reach: Reach = NO_REACH,
    unasked: Mapping[Perturbed, str] = ALL_ASKED,
) -> tuple[tuple[Rule, ...], tuple[Skip, ...]]:
    """The rules whose kind of evidence there is material for; for the others, what would help.

    Rules about files have spoken by then, and are left out. `unasked` says why perturbed probes
    were not asked.
    """
    rules = [rule for rule in rules if not rule.is_about_files]
    there = {evidence.kind for evidence in gathered.evidence}
    if not there:  # nothing was measured at all, which no material would have changed
        return tuple(rules), ()
    quiet = {}
    for rule in rules:
        if rule.evidence in there or rule.evidence not in KINDS:
            continue
        kind = KINDS[rule.evidence]
        if kind.search is not None:
            quiet[rule.id] = _not_driven(rule, reach)
        elif kind.perturbed is not None and kind.perturbed in unasked:
            quiet[rule.id] = _not_asked(rule, unasked[kind.perturbed], references, settings)
        else:
            quiet[rule.id] = _silence(rule, there, table, references, settings)
    return tuple(rule for rule in rules if rule.id not in quiet), tuple(quiet.values())


def _silence(
    rule: Rule,
    there: Collection[str],
    table: ProbeTable,
    references: References,
    settings: ScanSettings,
) -> Skip:
    kind = KINDS[rule.evidence]
    sharper = [name for name in kind.sharper if name in there]
    if sharper:
        return Skip(subject=rule.id, reason=f"with what was given {sharper[0]} asks the same")
    if kind.part(table) is None:
        return Skip(subject=rule.id, reason=NONE_INSIDE if kind.inside else ALL_INSIDE)
    if kind.reference is None:
        return Skip(subject=rule.id, reason=TOO_FEW)
    needs = NEEDS[kind.reference]
    lacking = [option for option in needs if USABLE[option] not in references.judges]
    if not lacking:
        return Skip(subject=rule.id, reason=TOO_FEW)
    return Skip(
        subject=rule.id,
        reason=f"needs {' and '.join(GIVEN[option] for option in needs)}",
        remedy=_remedy(lacking, settings),
    )


def _remedy(lacking: Sequence[str], settings: ScanSettings) -> str:
    named = {"--base": settings.base, "--clean-data": settings.clean_data}
    to_give = [option for option in lacking if named[option] is None]
    remedy = f"Give {' and '.join(to_give)}." if to_give else ""
    if len(to_give) < len(lacking):
        remedy = f"{remedy} The notices say why what was given is not used.".strip()
    return remedy


def _not_asked(rule: Rule, why: str, references: References, settings: ScanSettings) -> Skip:
    """Why perturbed probes were not asked, and what it would take."""
    if why == TOO_FEW:
        return Skip(subject=rule.id, reason=why)
    if settings.depth is not Depth.DEEP:
        return Skip(subject=rule.id, reason=why, remedy=DEEPER)
    reference = KINDS[rule.evidence].reference
    needs = () if reference is None else NEEDS[reference]
    lacking = [option for option in needs if USABLE[option] not in references.judges]
    remedies = (EXHAUSTIVE if why == DECIDED else "", _remedy(lacking, settings))
    return Skip(subject=rule.id, reason=why, remedy=" ".join(remedies).strip())


def _not_driven(rule: Rule, reach: Reach) -> Skip:
    """Why a class was not driven to where the rule looks, or nothing is known of benign models."""
    search = KINDS[rule.evidence].search
    if search is None or search not in reach.missing:
        return Skip(subject=rule.id, reason=TOO_FEW)
    why = reach.missing[search]
    return Skip(subject=rule.id, reason=why, remedy=ASK if why == NOT_ASKED else NOT_DRIVEN[search])
