from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from auditor.config import FAIL_ON
from auditor.errors import ExitCode
from auditor.gate import gate
from auditor.types import Suppression, Verdict
from tests.reports_for_tests import DOGS_FINDING, FINDING, LOLLY_FINDING, NO_EVIDENCE, NOT_AUDITED

ACCEPTED = Suppression(
    fingerprint=DOGS_FINDING.fingerprint, reason="known", owner="us", expires=date(2027, 1, 31)
)


@pytest.mark.parametrize("fail_on", FAIL_ON)
def test_no_finding_passes_every_gate_and_no_audit_none(fail_on: str):
    assert gate(NO_EVIDENCE, fail_on) is ExitCode.AUDITED
    assert gate(NOT_AUDITED, fail_on) is ExitCode.NOT_AUDITED
    partial = replace(FINDING, verdict=Verdict.NOT_AUDITED)
    assert gate(partial, fail_on) is ExitCode.NOT_AUDITED


@pytest.mark.parametrize(
    ("fail_on", "code"), [("low", 1), ("medium", 1), ("high", 0), ("critical", 0), ("never", 0)]
)
def test_a_medium_finding_fails_from_medium_down(fail_on: str, code: int):
    assert gate(replace(FINDING, findings=(LOLLY_FINDING,)), fail_on) == code


@pytest.mark.parametrize("hidden", [{"suppressed": ACCEPTED}, {"in_baseline": True}])
def test_what_was_accepted_does_not_count_and_what_is_left_does(hidden):
    report = replace(FINDING, findings=(replace(DOGS_FINDING, **hidden), LOLLY_FINDING))
    assert gate(report, "high") is ExitCode.AUDITED
    assert gate(report, "medium") is ExitCode.FINDINGS
