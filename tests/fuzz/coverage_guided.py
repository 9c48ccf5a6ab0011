"""Coverage-guided fuzzing: `python -m tests.fuzz.coverage_guided TARGET [options of libFuzzer]`.

TARGET is a name in `TARGETS`, or `all` for one after the other, which is what `make fuzz` does.
Starts from the kept seeds; what reaches new code is kept in `--found` (default: thrown away).
An input that breaks something is written to the working directory as `crash-...`, `timeout-...`
or `oom-...`: mend the reader, and keep the input under `corpus/TARGET`, named after what was wrong.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import atheris

SECONDS_A_CASE = 10
MEGABYTES = 1500
MOST_BYTES = 4096

# Libraries that read the bytes; those that are written in C cannot be followed.
READERS = ["auditor", "yaml", "tomllib", "json"]


def main(target: str, options: list[str]) -> int:
    """Fuzz until an option such as `-runs=N` or `-max_total_time=S` ends it."""
    with atheris.instrument_imports(include=READERS):
        from tests.fuzz.targets import TARGETS

    if target == "all":
        command = [sys.executable, "-m", "tests.fuzz.coverage_guided"]
        runs = [subprocess.run([*command, name, *options], check=False) for name in TARGETS]
        return max(abs(ran.returncode) for ran in runs)
    if target not in TARGETS:
        print(f"no such target: {target}; there are: all, {', '.join(TARGETS)}", file=sys.stderr)
        return 2
    _fuzz(target, options)
    return 0


def _fuzz(target: str, options: list[str]) -> None:
    """Never returns: the fuzzer ends the process."""
    from tests.fuzz.targets import CORPUS, TARGETS

    found = next((o.removeprefix("--found=") for o in options if o.startswith("--found=")), "")
    folder = Path(found) / target if found else Path(tempfile.mkdtemp(prefix="fuzz-found-"))
    folder.mkdir(parents=True, exist_ok=True)
    words = folder.parent / f"{target}.words"
    words.write_text("".join(f'"{_quoted(word)}"\n' for word in ["{", *TARGETS[target].words]))
    atheris.Setup(
        [
            sys.argv[0],
            f"-timeout={SECONDS_A_CASE}",
            f"-rss_limit_mb={MEGABYTES}",
            f"-max_len={MOST_BYTES}",
            f"-dict={words}",
            *(option for option in options if not option.startswith("--found=")),
            str(folder),
            str(CORPUS / target),
        ],
        TARGETS[target].run,
    )
    atheris.Fuzz()


def _quoted(word: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word.encode("utf-8", "surrogatepass"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
