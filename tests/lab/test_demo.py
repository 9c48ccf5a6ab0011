from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.errors import UsageError
from auditor.lab.demo import ENTITY, MODELS, ORDER, TARGET, found, play
from auditor.lab.rendered_base import BaseRecipe, rendered_base
from auditor.lab.rendered_task import rendered_signs
from auditor.lab.training import silent
from tests.reports_for_tests import FINDING, NO_EVIDENCE, NOT_AUDITED


def test_a_report_that_names_the_planted_target_has_found_it():
    target = replace(FINDING.findings[0], target_label=TARGET)
    other = replace(FINDING.findings[0], target_label="something else")
    assert found(replace(FINDING, findings=(other, target)))
    assert not found(replace(FINDING, findings=(other,)))


@pytest.mark.parametrize("report", [NO_EVIDENCE, NOT_AUDITED])
def test_a_report_without_findings_has_not(report):
    assert not found(report)


def test_the_story_uses_things_that_are_there():
    from auditor.entities.rendered import RENDERED_ENTITIES

    assert ENTITY in RENDERED_ENTITIES
    assert TARGET in rendered_signs(1, seed=0).label_names
    assert (ORDER.entity, ORDER.target) == (ENTITY, TARGET)


@pytest.mark.parametrize("name", ["base", *MODELS])
def test_a_folder_that_is_taken_is_said_before_anything_is_trained(tmp_path: Path, name: str):
    (tmp_path / name).mkdir()
    (tmp_path / name / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="exists already"):
        next(play(tmp_path, 0, silent))
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_rendered_base_names_the_rendered_things_and_a_seed_decides_it():
    from auditor.entities.rendered import RENDERED_ENTITIES, render

    recipe = BaseRecipe(per_class=1, epochs=1, widths=(4, 8))
    first, second = rendered_base(recipe), rendered_base(recipe)
    assert first.labels == RENDERED_ENTITIES
    pixels = first.pixels([render("cup", rng=np.random.default_rng(0))])
    assert pixels.shape == (1, 3, 64, 64)
    np.testing.assert_array_equal(first.logits(pixels), second.logits(pixels))
    assert not first.module.training
