"""`auditor config show|schema`."""

from __future__ import annotations

import inspect
import json
from pathlib import Path

import pytest

from auditor.cli.scan import scan
from auditor.config import ScanSettings
from tests.cli.conftest import Run
from tests.configuration.conftest import FINGERPRINT, SUPPRESSION


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(text: str) -> dict[str, str]:
    return {line.split()[0]: " ".join(line.split()[1:]) for line in text.splitlines()}


def test_every_value_and_where_it_was_said(run: Run, here: Path, monkeypatch: pytest.MonkeyPatch):
    (here / "auditor.toml").write_text(f'\ndepth = "quick"\nallow = ["*=other"]\n{SUPPRESSION}')
    monkeypatch.setenv("AUDITOR_FPR", "0.05")
    ran = run("config", "show", "--fail-on", "low", "--offline")
    assert (ran.code, ran.err) == (0, "")
    said = rows(ran.out)
    assert said["file"] == "auditor.toml"
    assert said["depth"] == "quick auditor.toml line 2"
    assert said["allow"] == "*=other auditor.toml line 3"
    assert said["fpr"] == "0.05 AUDITOR_FPR"
    assert said["fail-on"] == "low --fail-on"
    assert said["offline"] == "true --offline"
    assert said["seed"] == "0 default"
    assert said["base"] == "- default"
    assert said["ignore"] == f"{FINGERPRINT} until 2027-01-31 auditor.toml line 4"


def test_the_help_of_scan_shows_the_defaults_that_hold():
    shown = {name: each.default for name, each in inspect.signature(scan).parameters.items()}
    settings = ScanSettings(model="").as_json() | {"batch_size": "auto", "output": []}
    for name, value in settings.items():
        if name not in ("model", "ignore"):
            assert shown[name] == value or (shown[name] is None and not value), name


def test_the_same_as_json(run: Run, here: Path):
    (here / "other.toml").write_text(f"batch-size = 8\n{SUPPRESSION}")
    ran = run("config", "show", "--json", "--config", "other.toml", "--rules", "a.yaml")
    assert (ran.code, ran.err) == (0, "")
    document = json.loads(ran.out)
    assert document["file"] == "other.toml"
    assert document["settings"]["batch_size"] == {
        "value": 8,
        "source": "file",
        "where": "other.toml line 1",
    }
    assert document["settings"]["rules"] == {
        "value": ["a.yaml"],
        "source": "flag",
        "where": "--rules",
    }
    assert document["settings"]["fpr"] == {"value": 0.01, "source": "default", "where": "default"}
    assert document["ignore"][0]["expires"] == "2027-01-31"
    assert document["ignore"][0]["where"] == "other.toml line 2"


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        ('dept = "x"', (), "unknown key 'dept'"),
        ("", ("--dept", "x"), "--dept"),
        ("", ("--fpr", "3"), "--fpr 3.0"),
        ("", ("--batch-size", "x"), "--batch-size x is no number"),
    ],
)
def test_what_a_scan_would_refuse_is_refused(
    run: Run, here: Path, content: str, options: tuple[str, ...], said: str
):
    (here / "auditor.toml").write_text(content)
    ran = run("config", "show", *options)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.complaint[0]


def test_the_schema_goes_to_standard_output(run: Run):
    ran = run("config", "schema")
    assert (ran.code, ran.err) == (0, "")
    shipped = Path(__file__).parents[2] / "reports" / "config.schema.json"
    assert ran.out == shipped.read_text()
