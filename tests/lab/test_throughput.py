from __future__ import annotations

from pathlib import Path

import pytest

import auditor.audit
from auditor.lab.throughput import Throughput, measure_throughput
from tests.small_models import ENTITIES, PER_ENTITY, constant_null


def test_both_loops_run_over_the_probes_of_a_standard_scan(
    monkeypatch: pytest.MonkeyPatch, tiny_checkpoint: Path, pictures: Path
):
    monkeypatch.setattr(auditor.audit, "stored_null", lambda source: constant_null(1.0))
    result = measure_throughput(str(tiny_checkpoint), str(pictures))
    assert result.probes == 3 * len(ENTITIES) * PER_ENTITY
    assert result.scan_seconds > 0
    assert result.bare_seconds > 0
    assert 0 < result.seconds_in_model < result.scan_seconds
    assert 0 < result.share_in_model < 1


def test_paces_follow_from_probes_and_seconds():
    result = Throughput(probes=600, scan_seconds=4.0, bare_seconds=3.0, seconds_in_model=2.0)
    assert result.scan_images_per_second == 150
    assert result.bare_images_per_second == 200
    assert result.ratio == pytest.approx(0.75)
    assert result.share_in_model == 0.5
