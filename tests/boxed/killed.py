"""What runs in a process that is going to be killed.

Everything is imported when a server of forks loads this module, so that a kill hits a scan and
not its imports.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import transformers

import auditor.audit
import auditor.remedy.run
from auditor.config import ScanSettings
from auditor.output import json_v1
from auditor.output.write import OutputTarget, Page, write_all, write_each
from auditor.remedy.settings import RemedySettings
from auditor.repair.settings import RepairSettings

torch.set_num_threads(1)
WARM = (
    transformers.AutoImageProcessor,
    transformers.AutoModelForImageClassification,
    transformers.ResNetForImageClassification,
)


def scan(settings: ScanSettings, report: Path) -> None:
    done = auditor.audit.scan(settings)
    assert not write_all(done, [_target(report)], sys.stdout, Page())


def remediate(settings: RepairSettings, report: Path) -> None:
    done = auditor.remedy.run.remediate(RemedySettings(repair=settings))
    text = json_v1.render(done)
    assert not write_each([_target(report)], lambda *_: text, sys.stdout, Page())


def _target(report: Path) -> OutputTarget:
    return OutputTarget(format="json", path=report)
