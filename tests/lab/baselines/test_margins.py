"""The scanner's evidence on margins, on the same victim and twin as the baselines."""

from __future__ import annotations

import numpy as np
import pytest

from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.margins import by_margins
from auditor.probes.reach import Search
from tests.lab.baselines.conftest import PLANTED, Patched
from tests.small_models import tiny_model

CONTEXT = BenchContext(entities="rendered")


def asked(search, model):
    return by_margins(search)(model, None, CONTEXT, np.random.default_rng(0))


@pytest.mark.parametrize("search", list(Search))
def test_a_planted_patch_is_ranked_above_its_clean_twin(search: Search, patched: Patched):
    victim, twin = asked(search, patched.victim), asked(search, patched.twin)
    assert victim.accused == PLANTED
    assert victim.score > twin.score
    assert not twin.customary


def test_too_few_classes_are_no_suspicion():
    said = asked(Search.HEAD, tiny_model(("a", "b", "c")))
    assert not said.customary
