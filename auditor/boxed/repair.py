"""A repair with the model in a box, which may write beside `--out` and nowhere else."""

from __future__ import annotations

from dataclasses import replace

from auditor.boxed.run import boxed, with_remarks
from auditor.errors import UsageError
from auditor.repair.run import Remediated
from auditor.repair.settings import RepairSettings
from auditor.watch import Progress, silent


def remediate(settings: RepairSettings, *, progress: Progress = silent) -> Remediated:
    """Repair one model in a child process.

    Raises:
        NotAudited: As `auditor.repair.run.remediate`; or the child died.
        UsageError: A setting is wrong, or the output cannot be written.
        KeyboardInterrupt: It was interrupted.
    """
    beside = settings.out.absolute().parent
    try:
        beside.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{beside} cannot be written: {error}", hint="Check --out.") from error
    done, ended = boxed(
        "auditor.boxed.repair_task",
        settings,
        settings.scan,
        lambda: Remediated,
        writable=(str(beside),),
        progress=progress,
    )
    return replace(done, scan=with_remarks(done.scan, ended, settings.scan))
