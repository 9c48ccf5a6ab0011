"""The steps of the GitHub Action: `python3 -I run.py install|plan|audit|gate`.

Needs the standard library only, and meets auditor through its command line, because the auditor
that is installed may be of another version. Inputs come from the environment, never from a command
line that a shell has read; what is written to the log here holds nothing that an input says.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

Environment = Mapping[str, str]

AUDITED, FINDINGS, USAGE, NOT_AUDITED, FAILED = range(5)
SAID = {
    FINDINGS: "Evidence of a backdoor at or above the gate; see the job summary and the reports.",
    USAGE: "An input, the configuration or the baseline is wrong; the log of the audit says which.",
    NOT_AUDITED: "Not audited: there is no verdict on the model. The job summary says why.",
    FAILED: "auditor failed, or a report could not be written; see the log of the audit.",
}
# Inputs that auditor reads as variables of its own, where they are not empty.
SETTINGS = (
    *("BASE", "ENTITIES", "CLEAN_DATA", "DEPTH", "PLAN", "FPR", "FAIL_ON", "BASELINE", "CONFIG"),
)
SOURCES = ("base", "entities", "clean_data")
DRAWN = {"auto", "rendered"}  # entities that come from auditor itself
FILES = {
    "json": "report.json",
    "sarif": "report.sarif",
    "markdown": "report.md",
    "junit": "report.xml",
}
PAGE = "report.html"
OLDEST = (3, 11)  # of auditor; this file must still start on an older one, to say so
COMMIT = re.compile(r"[0-9a-f]{40}")
PINNED = re.compile(r".+@[0-9a-f]{40}")
EXTRAS = re.compile(r"[a-z0-9]+(?:,[a-z0-9]+)*")
REFERENCE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._/-]*")
REPOSITORY = re.compile(r"[0-9A-Za-z._-]+/[0-9A-Za-z._-]+")


class RefusedError(Exception):
    """An input that is wrong; the message repeats nothing of it."""


def install(env: Environment) -> int:
    """Install auditor into a folder of its own, unless a step before has done so."""
    if sys.version_info[:2] < OLDEST:
        raise RefusedError("python3 is older than 3.11 here; run actions/setup-python first.")
    room = venv(env)
    wanted = requirement(env)
    stamp = room / "installed-from"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return AUDITED
    constraints = Path(env["GITHUB_ACTION_PATH"]) / "constraints.txt"
    pinned = [] if env.get("INPUT_VERSION") else ["--constraint", str(constraints)]
    pip = [str(room / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install"]
    # Not in the workspace: `-m` would look for its modules there first.
    outside = env["RUNNER_TEMP"]
    make = [sys.executable, "-m", "venv", "--clear", str(room)]
    with no_commands():
        subprocess.run(make, cwd=outside, check=True)
        subprocess.run([*pip, "--quiet", *pinned, wanted], cwd=outside, check=True)
    stamp.write_text(wanted, encoding="utf-8")
    return AUDITED


def requirement(env: Environment) -> str:
    """What pip is told to install: this very action, or another revision of its repository.

    Raises:
        RefusedError: An input holds more than a name.
    """
    extras, version = env.get("INPUT_EXTRAS", ""), env.get("INPUT_VERSION", "")
    if extras and not EXTRAS.fullmatch(extras):
        raise RefusedError("The input extras is no list of names, separated by commas.")
    brackets = f"[{extras}]" if extras else ""
    if not version:
        return f"{env['GITHUB_ACTION_PATH']}{brackets}"
    repository = env.get("ACTION_REPOSITORY", "")
    if not REFERENCE.fullmatch(version) or not REPOSITORY.fullmatch(repository):
        raise RefusedError("The input version is no tag or commit, or the action is a local one.")
    # From the repository and not by name: the name belongs to somebody else on PyPI.
    server = env.get("GITHUB_SERVER_URL", "https://github.com")
    return f"model-auditor{brackets} @ git+{server}/{repository}@{version}"


def plan(env: Environment) -> int:
    """Say under which keys downloads and results may be kept; an empty key keeps nothing."""
    cache = env.get("INPUT_CACHE") or "all"
    if cache not in ("all", "downloads", "none"):
        raise RefusedError("The input cache is none of all, downloads and none.")
    temp = Path(env["RUNNER_TEMP"])
    keys = {"downloads": "", "results": ""}
    try:
        name = scanned(env)
    except RefusedError:
        name = ""  # the audit will say so, and write a summary
    shown = configuration(env) if cache != "none" and name else None
    if shown is not None:
        sources = [name, *(shown["settings"][key]["value"] for key in SOURCES)]
        keys["downloads"] = downloads_key(env, sources)
        if cache == "all":
            keys["results"] = results_key(env, sources, shown)
    for kind, key in keys.items():
        put_output(env, f"{kind}-key", key)
        # A folder for each key: a job may audit more than one model.
        put_output(env, f"{kind}-path", str(temp / key) if key else "")
    return AUDITED


def scanned(env: Environment) -> str:
    """MODEL as auditor takes it.

    Raises:
        RefusedError: There is none, or it has two revisions.
    """
    name, revision = env.get("INPUT_MODEL", ""), env.get("INPUT_REVISION", "")
    if not name:
        raise RefusedError("The input model is empty.")
    if revision and "@" in name:
        raise RefusedError("The inputs model and revision both name a revision.")
    return f"{name}@{revision}" if revision else name


def configuration(env: Environment) -> dict[str, Any] | None:
    """The settings that hold; None where they are wrong, which the audit will say."""
    command = [auditor(env), "config", "show", "--json"]
    ran = subprocess.run(
        command, env=settings(env), capture_output=True, encoding="utf-8", check=False
    )
    shown: dict[str, Any] | None = json.loads(ran.stdout) if ran.returncode == 0 else None
    return shown


def downloads_key(env: Environment, sources: list[str | None]) -> str:
    """One for the same sources; empty where none is remote or the runner keeps its own cache."""
    remote = {each for each in sources if each and not os.path.exists(each)}
    if "HF_HOME" in env or "HF_HUB_CACHE" in env or not remote - DRAWN:
        return ""
    return f"auditor-downloads-{digest(sources)}"


def results_key(env: Environment, sources: list[str | None], shown: dict[str, Any]) -> str:
    """One for the same scan on the same day; empty unless nothing in it can change unseen."""
    settings_of = shown["settings"]
    fetched = [each for each in sources if each is not None and each not in DRAWN]
    version = env.get("INPUT_VERSION", "")
    if settings_of["base"]["value"] is None:
        return ""  # the model's card may name one, which moves
    if "auto" in sources and os.path.exists("entities.toml"):
        return ""  # which may name folders
    if not all(pinned(each) for each in fetched) or settings_of["rules"]["value"]:
        return ""
    if version and not COMMIT.fullmatch(version):
        return ""
    baseline = settings_of["baseline"]["value"]
    said = {name: each["value"] for name, each in settings_of.items()}
    known = Path(baseline).read_bytes() if baseline and Path(baseline).is_file() else b""
    # A suppression ends with a day.
    today = datetime.now(timezone.utc).date().isoformat()  # noqa: UP017 - see OLDEST
    code = version or code_digest(Path(env["GITHUB_ACTION_PATH"]))
    what = [sources, said, shown["ignore"], hashlib.sha256(known).hexdigest(), today, code]
    return f"auditor-results-{digest(what)}"


def pinned(source: str) -> bool:
    """Whether it names a commit, and no folder here that is called like one."""
    return bool(PINNED.fullmatch(source)) and not os.path.exists(source)


def code_digest(root: Path) -> str:
    """What names the auditor beside this file, its rules and what it compares with."""
    state = hashlib.sha256()
    for folder in ("auditor", "rules", "reports"):
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                state.update(str(path.relative_to(root)).encode() + b"\0")
                state.update(hashlib.sha256(path.read_bytes()).digest())
    return state.hexdigest()


def digest(what: object) -> str:
    """A name without a comma, which keys may not have."""
    return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()


def audit(env: Environment) -> int:
    """Scan, or take the same scan of today; write reports, outputs and summary.

    Succeeds whatever the verdict is: only the last step may fail, when everything is kept.
    """
    folder = Path(env.get("INPUT_OUTPUT_DIR") or "auditor-report")
    folder.mkdir(parents=True, exist_ok=True)
    for name in (*FILES.values(), PAGE):
        (folder / name).unlink(missing_ok=True)  # an earlier scan's must not pass for this one's
    kept = Path(env["RESULTS_PATH"]) if env.get("RESULTS_PATH") else None
    with no_commands():
        if kept and (kept / "report.json").is_file():
            code = reuse(env, folder, kept)
        else:
            code = scan(env, folder)
        if (folder / FILES["json"]).is_file():
            convert(env, folder, f"html={folder / PAGE}")
    code = tell_outputs(env, folder, code)
    if kept and code in (AUDITED, FINDINGS):
        kept.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(folder / FILES["json"], kept / "report.json")
        (kept / "exit-code").write_text(str(code), encoding="utf-8")
    return AUDITED


def scan(env: Environment, folder: Path) -> int:
    """Run `auditor scan` with its report in the log."""
    outputs = [f"--output={format}={folder / name}" for format, name in FILES.items()]
    try:
        command = [auditor(env), "scan", *outputs, "--", scanned(env)]
    except RefusedError as refused:
        print(refused, flush=True)
        return USAGE
    return subprocess.run(command, env=settings(env), check=False).returncode


def reuse(env: Environment, folder: Path, kept: Path) -> int:
    """Write the reports of a kept result, and its exit code."""
    print("The same scan was made today; its results are used.", flush=True)
    shutil.copyfile(kept / "report.json", folder / FILES["json"])
    names = [f"{format}={folder / name}" for format, name in FILES.items() if format != "json"]
    if convert(env, folder, *names, "rich=-"):
        return FAILED
    code = (kept / "exit-code").read_text(encoding="utf-8").strip()
    return int(code) if code in ("0", "1") else FAILED


def convert(env: Environment, folder: Path, *outputs: str) -> int:
    """Write further formats of the JSON report."""
    options = [f"--output={output}" for output in outputs]
    command = [auditor(env), "report", "convert", str(folder / FILES["json"]), *options]
    return subprocess.run(command, env=settings(env), check=False).returncode


def tell_outputs(env: Environment, folder: Path, code: int) -> int:
    """Write outputs and summary; the exit code, which is only 0 or 1 where there is a verdict."""
    report = read_report(folder / FILES["json"])
    verdict = report.get("verdict", "not-audited")
    if code not in SAID and code != AUDITED:
        code = FAILED
    if code in (AUDITED, FINDINGS) and verdict == "not-audited":
        code = FAILED
    there = {name: str(folder / name) for name in (*FILES.values(), PAGE)}
    there = {name: path for name, path in there.items() if Path(path).is_file()}
    summary = folder / FILES["markdown"]
    outputs = {
        "complete": "true" if code in (AUDITED, FINDINGS) else "false",
        "verdict": verdict,
        "model-score": number(report.get("model_score")),
        "p-value": number(report.get("model_p_value")),
        "findings": str(len(report.get("findings", []))),
        "exit-code": str(code),
        "sarif-file": there.get(FILES["sarif"], ""),
        "json-file": there.get(FILES["json"], ""),
        "report-file": there.get(PAGE, there.get(FILES["markdown"], "")),
        "summary-file": there.get(FILES["markdown"], ""),
        "junit-file": there.get(FILES["junit"], ""),
    }
    for name, value in outputs.items():
        put_output(env, name, value)
    said = summary.read_text(encoding="utf-8") if summary.is_file() else fallback(code)
    with Path(env["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as page:
        page.write(said + "\n")
    return code


def fallback(code: int) -> str:
    """A summary where auditor wrote none."""
    return f"## auditor: not-audited\n\n{SAID.get(code, SAID[FAILED])}\n"


def read_report(path: Path) -> dict[str, Any]:
    """The JSON report; nothing where there is none that can be read."""
    try:
        report = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return report if isinstance(report, dict) else {}


def number(value: float | None) -> str:
    """A number for an output; empty where there is none."""
    return "" if value is None else repr(value)


def gate(env: Environment) -> int:
    """Exit as `auditor scan` did; anything unheard of is a failure."""
    code = env.get("EXIT_CODE", "")
    exits = int(code) if code in ("0", "1", "2", "3", "4") else FAILED
    if exits in SAID:
        print(f"::error title=auditor::{SAID[exits]}", flush=True)
    return exits


def settings(env: Environment) -> dict[str, str]:
    """The environment of auditor: inputs that say something, as variables that it reads."""
    theirs = {name: value for name, value in env.items() if not name.startswith("INPUT_")}
    given = {name: env.get(f"INPUT_{name}", "") for name in SETTINGS}
    theirs |= {f"AUDITOR_{name}": value for name, value in given.items() if value}
    if env.get("INPUT_TOKEN"):
        theirs["HF_TOKEN"] = env["INPUT_TOKEN"]
    if env.get("DOWNLOADS_PATH"):
        theirs["HF_HUB_CACHE"] = env["DOWNLOADS_PATH"]
    return theirs


def venv(env: Environment) -> Path:
    """Where auditor is installed; the runner empties the folder above after the job."""
    return Path(env["RUNNER_TEMP"]) / "auditor-venv"


def auditor(env: Environment) -> str:
    """The command."""
    return str(venv(env) / "bin" / "auditor")


def put_output(env: Environment, name: str, value: str) -> None:
    """An output of the step; the end mark is one that a value cannot know."""
    mark = secrets.token_hex(16)
    with Path(env["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"{name}<<{mark}\n{value}\n{mark}\n")


@contextmanager
def no_commands() -> Iterator[None]:
    """The runner takes no orders from what is printed meanwhile, names of others among it."""
    mark = secrets.token_hex(16)
    print(f"::stop-commands::{mark}", flush=True)
    try:
        yield
    finally:
        print(f"::{mark}::", flush=True)


STEPS = {"install": install, "plan": plan, "audit": audit, "gate": gate}


def main(arguments: list[str], env: Environment) -> int:
    """Run one step."""
    try:
        return STEPS[arguments[0]](env)
    except RefusedError as refused:
        print(f"::error title=auditor::{refused}", flush=True)
        return USAGE
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        # What Python would print could quote an input, and its exit code means findings here.
        name, why = type(error).__name__, getattr(error, "strerror", None)
        said = f"The step failed: {name}{f' ({why})' if why else ''}."
        print(f"::error title=auditor::{said}", flush=True)
        return FAILED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
