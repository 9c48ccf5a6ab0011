"""Instances that are made, in a process without a network or a cache of somebody else."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

import auditor.audit
import auditor.boxed.scan
from auditor.config import ScanSettings
from auditor.lab.save import save_checkpoint
from auditor.probes.plan import Depth
from tests.boxed.test_scan import timeless
from tests.made_bases import THINGS, write_colour_base
from tests.made_pipelines import write_pipeline
from tests.small_models import CARD

pytestmark = [
    pytest.mark.boxed,
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="walls of Linux"),
]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_colour_base(tmp_path / "base", ("background", *THINGS))


@pytest.fixture
def scan(tuned: Any, base: Path, tmp_path: Path):
    """Scan in the box and outside; both must say the same."""
    save_checkpoint(tuned, tmp_path / "model", card=CARD, record={})

    def run(entities: str, **more: Any):
        settings = ScanSettings(
            model=str(tmp_path / "model"),
            entities=entities,
            depth=Depth.QUICK,
            device="cpu",
            **more,
        )
        boxed = auditor.boxed.scan.scan(settings)
        assert timeless(boxed) == timeless(auditor.audit.scan(settings))
        return boxed

    return run


def test_a_base_is_searched_for_instances_in_the_box(scan: Any, base: Path):
    report = scan("base", base=str(base))
    assert {entity.source.value for entity in report.entities} == {"synthesised"}


def test_a_pipeline_in_a_folder_draws_in_the_box(scan: Any, base: Path, tmp_path: Path):
    pytest.importorskip("diffusers", reason="needs the extra: model-auditor[diffusion]")
    model = write_pipeline(tmp_path)
    (tmp_path / "names.txt").write_text("husky\nvolcano\nteapot\n")
    file = tmp_path / "drawn.toml"
    file.write_text(f'[diffusion]\nmodel = "{model}"\nnames = "names.txt"\nsteps = 1\nsize = 16\n')
    report = scan(str(file))
    assert [entity.name for entity in report.entities] == ["husky", "volcano", "teapot"]
