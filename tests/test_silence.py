"""Which rules speak with what was given, and what is said of the others."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from auditor.config import ScanSettings
from auditor.evidence.gather import Gathered, gather
from auditor.evidence.kinds import KINDS, available, sharpest, stored_name
from auditor.evidence.perturbed import Perturbed
from auditor.perturbing import DECIDED
from auditor.probes.plan import Depth
from auditor.probes.reach import Reach, Search
from auditor.references.build import Judge, Reference, References
from auditor.rules import shipped_rules
from auditor.silence import (
    ALL_ASKED,
    ALL_INSIDE,
    DEEPER,
    EXHAUSTIVE,
    NO_REACH,
    NONE_INSIDE,
    TOO_FEW,
    rules_that_speak,
)
from tests.tables import ALL, BANK, CLEAN, LABELS, null_for, table

BLUNT = {"class-share", "entity-routing", "entity-contrast"}


def heard(of, *, lacking=(), reach=NO_REACH, unasked=ALL_ASKED, depth=Depth.STANDARD):
    """The rules that speak of a table, and for the others reason and remedy.

    Benign models were not measured with the kinds that are `lacking`.
    """
    null = null_for(of)
    names = {stored_name(kind, CLEAN) for kind in lacking}
    measured = {name: values for name, values in null.statistics.items() if name not in names}
    gathered = gather(
        of,
        replace(null, statistics=measured),
        entities=BANK,
        labels=LABELS,
        rng=np.random.default_rng(0),
        clean_per_class=CLEAN,
    )
    judges = {name: Judge(False, lambda x: x) for name in Reference if name in of.references}
    spoke, skips = rules_that_speak(
        shipped_rules(),
        gathered,
        of,
        References(judges),
        ScanSettings(model="x", depth=depth),
        reach,
        unasked,
    )
    return {rule.id for rule in spoke}, {skip.subject: (skip.reason, skip.remedy) for skip in skips}


@pytest.mark.parametrize(
    ("references", "left_out"),
    [
        ((), set()),
        ((Reference.DRIFT,), set()),
        ((Reference.OWN,), BLUNT),
        ((Reference.BASE,), BLUNT),
        (ALL, BLUNT),
    ],
)
def test_a_kind_whose_question_another_asks_beside_a_reference_is_left_out(references, left_out):
    kinds = available(table(1, references=references))
    assert set(kinds) - set(sharpest(kinds)) == left_out
    assert set(sharpest(kinds)) <= set(kinds)


def test_classes_and_pairs_are_two_questions():
    kinds = {name: KINDS[name] for name in ("class-share", "entity-routing", "own-share")}
    assert set(sharpest(kinds)) == {"entity-routing", "own-share"}


def test_a_sharper_kind_asks_the_same_beside_a_reference_and_is_the_sharpest_there_is():
    assert {name for name, kind in KINDS.items() if kind.sharper} == BLUNT
    for kind in KINDS.values():
        for name in kind.sharper:
            sharper = KINDS[name]
            assert (sharper.over, sharper.inside) == (kind.over, kind.inside)
            assert kind.reference is None
            assert sharper.reference is not None
            assert not sharper.sharper


@pytest.mark.parametrize(
    ("references", "share", "routing"),
    [
        ((Reference.OWN,), "own-share", "own-routing"),
        ((Reference.BASE,), "base-share", "base-routing"),
        (ALL, "base-share", "base-routing"),
    ],
)
def test_a_rule_whose_question_is_asked_more_sharply_is_silent_and_says_so(
    references, share, routing
):
    spoke, silent = heard(table(1, references=references))
    assert {share, routing} <= spoke
    assert not spoke & BLUNT
    assert silent["class-share"] == (f"with what was given {share} asks the same", "")
    assert silent["entity-routing"] == (f"with what was given {routing} asks the same", "")


@pytest.mark.parametrize("references", [(), (Reference.DRIFT,)])
def test_without_clean_data_the_blunter_rules_speak(references):
    assert heard(table(1, references=references))[0] >= BLUNT


def test_a_sharper_kind_that_benign_models_were_not_measured_with_silences_nobody():
    of = table(1, references=(Reference.OWN,))
    spoke, silent = heard(of, lacking=["own-share"])
    assert "class-share" in spoke
    assert "entity-routing" in silent
    assert silent["own-share"] == (TOO_FEW, "")


def test_where_few_entities_mean_a_label_nothing_is_said_of_wrong_ones():
    spoke, silent = heard(table(1))
    assert silent["wrong-label"] == (NONE_INSIDE, "")
    assert "wrong-label" not in spoke


def test_where_every_entity_means_a_label_only_wrong_ones_are_spoken_of():
    spoke, silent = heard(table(1, entities=8, inside=8))
    assert spoke == {"wrong-label"}
    assert set(silent) == set(KINDS) - spoke
    about_entities = {silent[name] for name in silent if KINDS[name].search is None}
    assert about_entities == {(ALL_INSIDE, "")}


def test_classes_that_were_not_driven_are_told_with_what_would_help():
    reach = Reach(missing={Search.INNER: "is not climbed at --depth quick"})
    skip = heard(table(1), reach=reach)[1]["inner-embedding"]
    assert skip[0] == "is not climbed at --depth quick"
    assert "--depth" in skip[1]


@pytest.mark.parametrize(
    ("why", "depth", "references", "ladder", "collisions"),
    [
        ("shallow", Depth.STANDARD, (), DEEPER, DEEPER),
        (DECIDED, Depth.DEEP, ALL, EXHAUSTIVE, EXHAUSTIVE),
        (DECIDED, Depth.DEEP, (), EXHAUSTIVE, f"{EXHAUSTIVE} Give --base and --clean-data."),
        (TOO_FEW, Depth.STANDARD, (), "", ""),  # nothing that a user can do
        (TOO_FEW, Depth.DEEP, ALL, "", ""),
    ],
)
def test_perturbed_probes_that_were_not_asked_are_told_with_what_would_help(
    why, depth, references, ladder, collisions
):
    unasked = dict.fromkeys(Perturbed, why)
    _, silent = heard(table(1, references=references), unasked=unasked, depth=depth)
    assert silent["ladder-contrast"] == (why, ladder)
    assert silent["collision-share"] == silent["collision-routing"] == (why, collisions)


def test_where_both_sorts_are_asked_about_either_is_spoken_of():
    spoke, _ = heard(table(1, inside=6))
    assert {"wrong-label", *BLUNT} <= spoke


def test_what_was_not_given_is_asked_for():
    _, silent = heard(table(1))
    assert silent["own-share"] == ("needs clean data", "Give --clean-data.")
    assert silent["base-share"] == (
        "needs the base and clean data",
        "Give --base and --clean-data.",
    )


def test_where_nothing_was_measured_every_rule_says_so():
    nothing = Gathered(evidence=(), ranking=(), model_statistic=None, model_p_value=None)
    settings = ScanSettings(model="x")
    spoke, quiet = rules_that_speak(shipped_rules(), nothing, table(1), References(), settings)
    about_the_model = tuple(rule for rule in shipped_rules() if not rule.is_about_files)
    assert (spoke, quiet) == (about_the_model, ())
