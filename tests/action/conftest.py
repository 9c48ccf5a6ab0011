"""The action on a runner of its own, with the auditor of this working copy installed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.action.workflow_run import ROOT, Runner

# Tiny models are compared with benign ones that all show 0.9 in every statistic; everything else
# in the scan is real.
_STEERED = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
if "scan" in sys.argv:
    import auditor.audit
    import auditor.boxed.scan
    from tests.small_models import constant_null
    auditor.audit.stored_null = lambda source: constant_null(0.9)
    auditor.boxed.scan.scan = auditor.audit.scan  # a child would know nothing of that null
from auditor.cli.main import main
main()
"""
_AS_IT_IS = f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(ROOT)!r})
from auditor.cli.main import main
main()
"""


def install(runner: Runner, command: str) -> Runner:
    """Have `auditor` where the first step would put it."""
    room = runner.temp / "auditor-venv"
    (room / "bin").mkdir(parents=True)
    (room / "installed-from").write_text(str(ROOT))
    (room / "bin" / "auditor").write_text(command)
    (room / "bin" / "auditor").chmod(0o755)
    return runner


@pytest.fixture
def steered(tmp_path: Path) -> Callable[..., Runner]:
    """Runners whose auditor knows a null that tiny models can be told apart with."""
    return lambda name="runner": install(Runner(tmp_path / name), _STEERED)


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    """A runner with auditor as it is."""
    return install(Runner(tmp_path / "runner"), _AS_IT_IS)
