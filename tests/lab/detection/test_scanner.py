from __future__ import annotations

from dataclasses import replace

from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.scanner import (
    answer_of,
    checkpoint_only,
    named_group,
    with_base,
    with_base_and_clean_data,
)
from auditor.lab.rendered_task import SIGN_PIXELS
from auditor.lab.zoo_build import RENDERED_BASE
from tests.lab.detection.made_rows import model
from tests.reports_for_tests import (
    DOGS_FINDING,
    FINDING,
    HUSKY,
    LOLLY,
    LOLLY_FINDING,
    NO_EVIDENCE,
    NOT_AUDITED,
    OTHERS,
    ROUTING,
    SLEDS,
)

CONTEXT = BenchContext(entities="things", fpr=0.02, seed=3)
FINE_TUNE = replace(model("m"), base="org/base", task="org/signs")


def test_each_variant_is_given_what_it_says_and_nothing_else():
    given = {
        variant: (settings.base, settings.clean_data)
        for variant in (checkpoint_only, with_base, with_base_and_clean_data)
        for settings in [variant(FINE_TUNE, CONTEXT)]
    }
    assert given == {
        checkpoint_only: (None, None),
        with_base: ("org/base", None),
        with_base_and_clean_data: ("org/base", "org/signs"),
    }


def test_variants_differ_in_what_they_are_given_alone():
    plain = checkpoint_only(FINE_TUNE, CONTEXT)
    assert (plain.model, plain.entities, plain.fpr, plain.seed) == ("zoo/m", "things", 0.02, 3)
    for variant in (with_base, with_base_and_clean_data):
        settings = variant(FINE_TUNE, CONTEXT)
        assert replace(settings, base=None, clean_data=None) == plain


def test_of_weights_that_the_lab_trained_itself_no_base_is_named():
    """Nobody could: they were never published."""
    of = replace(FINE_TUNE, base=RENDERED_BASE)
    assert with_base(of, CONTEXT).base is None
    settings = with_base_and_clean_data(of, CONTEXT)
    assert (settings.base, settings.clean_data) == (None, "org/signs")


def test_a_task_that_is_drawn_on_the_spot_has_no_folder_of_clean_data():
    for task in SIGN_PIXELS:
        settings = with_base_and_clean_data(replace(FINE_TUNE, task=task), CONTEXT)
        assert (settings.base, settings.clean_data) == ("org/base", None)


def names(of):
    return tuple(entity.name for entity in of)


def test_the_group_is_that_of_the_first_finding_those_called_before_the_others():
    samoyed = SLEDS[2]
    first = replace(DOGS_FINDING, entities=(samoyed,), group_ids=(HUSKY.id, samoyed.id))
    report = replace(FINDING, findings=(first, LOLLY_FINDING))
    assert named_group(report) == names([samoyed, HUSKY])
    assert answer_of(report).group == names([samoyed, HUSKY])


def test_a_finding_without_a_group_names_what_it_calls():
    assert named_group(replace(FINDING, findings=(LOLLY_FINDING,))) == names(OTHERS[:1])


def test_without_a_finding_the_group_is_that_of_the_evidence_that_stands_out_most():
    weak = replace(ROUTING, group_ids=(HUSKY.id,), detail={"standing": 1.0})
    strong = replace(
        LOLLY, group_ids=tuple(e.id for e in reversed(OTHERS[:2])), detail={"standing": 4.0}
    )
    report = replace(NO_EVIDENCE, evidence=(weak, strong))
    assert named_group(report) == names(reversed(OTHERS[:2]))


def test_where_nothing_was_measured_there_is_no_group():
    assert named_group(NOT_AUDITED) == ()
    assert answer_of(NOT_AUDITED).group == ()
