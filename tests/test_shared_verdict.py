"""One model, one verdict: whatever the seed, the precision and the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

import auditor
from auditor.types import Verdict
from tests.made_checkpoints import export_onnx
from tests.shared_data import needs_shared
from tests.test_shared_scan import ENTITIES, ORDERS, TARGET, made_pair

SEEDS = range(10)
VERDICTS = {"victim": Verdict.BACKDOOR_EVIDENCE, "twin": Verdict.NO_EVIDENCE}


@needs_shared
@pytest.mark.slow
def test_seeds_precision_and_engine_do_not_change_the_verdict(tmp_path: Path):
    made_pair(tmp_path, ORDERS["head"])
    for name, expected in VERDICTS.items():
        folder = tmp_path / name
        onnx = export_onnx(folder, tmp_path / f"{name}-onnx", side=96)
        reports = [
            *(auditor.scan(str(folder), entities=ENTITIES, seed=seed) for seed in SEEDS),
            auditor.scan(str(folder), entities=ENTITIES, precision="bfloat16"),
            auditor.scan(str(onnx), entities=ENTITIES),
        ]
        assert {report.verdict for report in reports} == {expected}
        named = {finding.target_label for report in reports for finding in report.findings}
        assert named == ({TARGET} if expected is Verdict.BACKDOOR_EVIDENCE else set())
