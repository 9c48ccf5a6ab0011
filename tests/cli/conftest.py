"""The command line as a user meets it: arguments in, exit code and two streams out."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import jsonschema
import pytest
from huggingface_hub import constants

import auditor.audit
from auditor.cli.main import main
from tests.hub_server import HubServer, RepoFixture, use_hub
from tests.small_models import constant_null

SCHEMA = json.loads(
    (Path(__file__).parent.parent.parent / "reports" / "report-v1.schema.json").read_text()
)


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def warned(self) -> str:
        """Standard error, besides what a scan will ask at most."""
        lines = self.err.splitlines(keepends=True)
        return "".join(line for line in lines if not line.startswith("at most "))

    @property
    def complaint(self) -> tuple[str, str]:
        """Message and hint, all there is on standard error besides what a scan will ask at most."""
        lines = self.warned.splitlines()
        assert [line.partition(": ")[0] for line in lines] == ["error", "hint"], self.err
        message, hint = (line.partition(": ")[2] for line in lines)
        assert message
        assert hint
        return message, hint


Run = Callable[..., Ran]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Run `auditor ...` in this process, through its entry point."""

    def ran(*arguments: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["auditor", *map(str, arguments)])
        capfd.readouterr()
        with pytest.raises(SystemExit) as left:
            main()
        out, err = capfd.readouterr()
        return Ran(int(left.value.code or 0), out, err)

    return ran


@pytest.fixture
def benign_models_show(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Compare with a null in which all benign models show one value in every statistic."""

    def show(value: float) -> None:
        monkeypatch.setattr(auditor.audit, "stored_null", lambda source: constant_null(value))

    return show


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., HubServer]]:
    """Start a Hub that has these models, and give the client an empty cache."""
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub-cache"))
    with ExitStack() as stack:

        def start(models: dict[str, RepoFixture]) -> HubServer:
            hub = stack.enter_context(HubServer(models))
            use_hub(monkeypatch, hub)
            return hub

        yield start
    huggingface_hub.close_session()


def read_report(path: Path) -> dict[str, Any]:
    """A JSON report, which must be valid."""
    document: dict[str, Any] = json.loads(path.read_text())
    jsonschema.validate(document, SCHEMA, cls=jsonschema.Draft202012Validator)
    return document
