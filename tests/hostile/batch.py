"""Runs the command many times in one process: `python -m tests.hostile.batch JOBS RESULTS`.

Starting Python and torch for each of a hundred inputs takes minutes, and so does a box for each:
here the scan runs in this process. `make test-slow` does it all with both
(tests/hostile/test_corpus.py). Seconds are those of the processor here: other tests run beside
this one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any


def run(job: dict[str, Any]) -> dict[str, Any]:
    import auditor.audit
    import auditor.boxed.scan
    from auditor.cli.main import main

    auditor.boxed.scan.scan = auditor.audit.scan

    out, err = io.StringIO(), io.StringIO()
    kept = dict(os.environ)
    os.environ.update(job["variables"])
    sys.argv = ["auditor", *job["arguments"]]
    began = time.process_time()
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main()
    except SystemExit as left:
        code = left.code
    finally:
        os.environ.clear()
        os.environ.update(kept)
    return {
        "name": job["name"],
        "code": code,
        "err": err.getvalue(),
        "seconds": time.process_time() - began,
        "engine": sorted({"torch", "onnxruntime", "transformers"} & set(sys.modules)),
        "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }


def main_of_batch(jobs: Path, results: Path) -> None:
    ran = [run(job) for job in json.loads(jobs.read_text())]
    results.write_text(json.dumps(ran))


if __name__ == "__main__":
    main_of_batch(Path(sys.argv[1]), Path(sys.argv[2]))
