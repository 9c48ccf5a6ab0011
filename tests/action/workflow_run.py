"""Runs the steps of `action.yml` as a runner of GitHub would, as far as the steps can tell.

Environment files, `${{ ... }}`, `if:` and the cache are imitated; shell, script, auditor and the
model are real. An expression that is not understood here is an error, never an empty string.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
# What GitHub puts into the environment of `shell: bash`.
_BASH = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
_EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
_TERM = re.compile(r"(\S+) (==|!=) '([^']*)'")


@dataclass(frozen=True)
class Ended:
    """How the action ended."""

    code: int
    outputs: dict[str, str]
    summary: str
    log: str
    variables: str
    last_step: str

    @property
    def orders(self) -> list[str]:
        """What the runner would obey: commands in the log outside of what stopped them."""
        obeyed, until = [], None
        for line in self.log.splitlines():
            if until is not None:
                until = None if line == f"::{until}::" else until
            elif line.startswith("::stop-commands::"):
                until = line.removeprefix("::stop-commands::")
            elif "::" in line or "##" in line:
                obeyed.append(line)
        return obeyed


@dataclass
class Runner:
    """A machine with a workspace, a temporary folder and a cache."""

    folder: Path
    cache: dict[str, Path] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    repository: str = ""

    def __post_init__(self) -> None:
        for name in ("workspace", "temp", "home"):
            (self.folder / name).mkdir(parents=True)
        self.workspace, self.temp = self.folder / "workspace", self.folder / "temp"

    def run(self, **inputs: object) -> Ended:
        """Run all steps until one fails. Inputs are written with `_` for `-`."""
        given = {name.replace("_", "-"): str(value) for name, value in inputs.items()}
        assert given.keys() <= ACTION["inputs"].keys()
        context = {
            f"inputs.{name}": given.get(name, str(about.get("default", "")))
            for name, about in ACTION["inputs"].items()
        }
        context["github.action_repository"] = self.repository
        run = _Run(self, context)
        code, last = 0, ""
        for step in ACTION["runs"]["steps"]:
            if not run.holds(step.get("if", "")):
                continue
            last = step["name"]
            code = run.uses(step) if "uses" in step else run.command(step)
            if code:
                break
        outputs = {name: run.filled(about["value"]) for name, about in ACTION["outputs"].items()}
        return Ended(code, outputs, run.read("summary"), run.log, run.read("env"), last)


class _Run:
    def __init__(self, runner: Runner, context: dict[str, str]) -> None:
        self.runner, self.context, self.log = runner, context, ""
        self.known = {step["id"] for step in ACTION["runs"]["steps"] if "id" in step}
        for name in ("output", "summary", "env"):
            (runner.temp / f"file-{name}").write_text("")

    def read(self, name: str) -> str:
        return (self.runner.temp / f"file-{name}").read_text(encoding="utf-8")

    def value(self, name: str) -> str:
        parts = name.split(".")
        if parts[0] == "steps":
            assert parts[1] in self.known
            assert parts[2] == "outputs"
            return self.context.get(name, "")
        return self.context[name]

    def filled(self, text: str) -> str:
        return _EXPRESSION.sub(lambda match: self.value(match[1]), text)

    def holds(self, condition: str) -> bool:
        terms = [term for term in condition.split(" && ") if term]
        matches = [_TERM.fullmatch(term) for term in terms]
        assert all(matches), condition
        return all((self.value(m[1]) == m[3]) == (m[2] == "==") for m in matches if m)

    def command(self, step: dict[str, Any]) -> int:
        assert step["shell"] == "bash"
        assert "${{" not in step["run"]
        script = self.runner.temp / "step.sh"
        script.write_text(step["run"])
        ran = subprocess.run(
            [*_BASH, str(script)],
            env=self.environment()
            | {name: self.filled(value) for name, value in step.get("env", {}).items()},
            cwd=self.runner.workspace,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        self.log += ran.stdout + ran.stderr
        self.take_outputs(step.get("id", ""))
        return ran.returncode

    def environment(self) -> dict[str, str]:
        temp = self.runner.temp
        return {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.runner.folder / "home"),
            "OMP_NUM_THREADS": "1",
            "GITHUB_ACTIONS": "true",
            "CI": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_WORKSPACE": str(self.runner.workspace),
            "RUNNER_TEMP": str(temp),
            "GITHUB_OUTPUT": str(temp / "file-output"),
            "GITHUB_STEP_SUMMARY": str(temp / "file-summary"),
            "GITHUB_ENV": str(temp / "file-env"),
            **self.runner.variables,
        }

    def take_outputs(self, step: str) -> None:
        lines = iter(self.read("output").splitlines())
        for line in lines:
            name, mark = line.split("<<")
            value = []
            while (part := next(lines)) != mark:
                value.append(part)
            self.context[f"steps.{step}.outputs.{name}"] = "\n".join(value)
        (self.runner.temp / "file-output").write_text("")

    def uses(self, step: dict[str, Any]) -> int:
        name = step["uses"].partition("@")[0]
        path, key = (self.filled(step["with"][each]) for each in ("path", "key"))
        assert key
        assert "," not in key
        kept = self.runner.cache
        if name == "actions/cache/save":
            copy = self.runner.folder / "cache" / key
            shutil.copytree(path, copy, symlinks=True)
            kept[key] = copy
        else:
            assert name == "actions/cache/restore"
            if key in kept:
                shutil.rmtree(path, ignore_errors=True)
                shutil.copytree(kept[key], path, symlinks=True)
            hit = "true" if key in kept else ""
            self.context[f"steps.{step['id']}.outputs.cache-hit"] = hit
        return 0
