from __future__ import annotations

import os
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from auditor.config import FAIL_ON, ScanSettings
from auditor.configuration.document import ConfigDocument
from auditor.configuration.given import Source
from auditor.configuration.merge import Configuration, configured, settings_from_file
from auditor.errors import UsageError
from auditor.models.load import Engine, Precision
from auditor.probes.plan import Depth
from tests.configuration.conftest import SUPPRESSION


def chosen(*, flags: dict[str, Any] | None = None, **environment: str) -> Configuration:
    return configured(flags or {}, environment, Path())


def test_a_file_can_say_everything_but_the_model():
    settings = {field.name for field in fields(ScanSettings)} - {"model", "config"}
    assert set(ConfigDocument.model_fields) == settings | {"output"}


def test_the_defaults_of_files_are_those_of_the_record():
    plain = ScanSettings(model="").as_json() | {"batch_size": "auto", "output": {}}
    defaults = ConfigDocument().model_dump()
    assert defaults == {name: plain[name] for name in defaults}


@pytest.mark.parametrize(
    ("name", "choices"),
    [("depth", Depth), ("engine", Engine), ("precision", Precision), ("fail_on", FAIL_ON)],
)
def test_files_know_every_choice(name: str, choices: Any):
    assert list(ConfigDocument.model_fields[name].annotation.__args__) == [str(c) for c in choices]


def test_nothing_said_is_the_defaults(here: Path):
    assert chosen().settings("org/name") == ScanSettings(model="org/name")
    assert {each.where for each in chosen().given.values()} == {"default"}


def test_flags_over_variables_over_the_file_over_defaults(here: Path):
    (here / "auditor.toml").write_text('depth = "quick"\nfpr = 0.05\nseed = 3\n')
    found = chosen(flags={"seed": 5}, AUDITOR_FPR="0.1", AUDITOR_SEED="4")
    assert {
        name: (each.value, each.source, each.where)
        for name, each in found.given.items()
        if name in ("depth", "fpr", "seed", "device")
    } == {
        "depth": ("quick", Source.FILE, "auditor.toml line 1"),
        "fpr": (0.1, Source.VARIABLE, "AUDITOR_FPR"),
        "seed": (5, Source.FLAG, "--seed"),
        "device": ("auto", Source.DEFAULT, "default"),
    }
    settings = found.settings("org/name")
    assert (settings.depth, settings.fpr, settings.seed) == (Depth.QUICK, 0.1, 5)
    assert settings.config == Path("auditor.toml")


def test_a_list_is_replaced_and_not_extended(here: Path):
    (here / "auditor.toml").write_text('allow = ["a=b", "c=d"]\n')
    assert chosen(flags={"allow": ["e=f"]}).settings("m").allow == ("e=f",)


def test_the_flag_names_the_file_before_the_variable(here: Path):
    for name, seed in (("one.toml", 1), ("two.toml", 2)):
        (here / name).write_text(f"seed = {seed}\n")
    assert chosen(AUDITOR_CONFIG="one.toml").settings("m").seed == 1
    both = chosen(flags={"config": Path("two.toml")}, AUDITOR_CONFIG="one.toml")
    assert both.settings("m").seed == 2


def test_an_empty_file_that_is_named_stands_for_none(here: Path):
    (here / "auditor.toml").write_text("seed = 9\n")
    assert chosen(flags={"config": Path(os.devnull)}).settings("m").seed == 0


def test_batches_may_go_back_to_auto(here: Path):
    (here / "auditor.toml").write_text("batch-size = 8\n")
    assert chosen().settings("m").batch_size == 8
    assert chosen(flags={"batch_size": "auto"}).settings("m").batch_size is None


def test_paths_are_relative_to_the_file(here: Path):
    folder = here / "ci"
    (folder / "base").mkdir(parents=True)
    (folder / "auditor.toml").write_text(
        'base = "base"\nentities = "things"\nclean-data = "hf://datasets/org/x"\n'
        'rules = ["mine.yaml", "/abs.yaml"]\nbaseline = "../old.json"\n'
        '[output]\njson = "r.json"\nrich = "-"\n'
    )
    found = chosen(flags={"config": Path("ci/auditor.toml")})
    assert {
        name: each.value for name, each in found.given.items() if each.source is Source.FILE
    } == {
        "base": "ci/base",
        "entities": "ci/things",
        "clean_data": "hf://datasets/org/x",
        "rules": ["ci/mine.yaml", "/abs.yaml"],
        "baseline": "ci/../old.json",
        "output": ["json=ci/r.json", "rich=-"],
    }


@pytest.mark.parametrize(
    "entities", ["auto", "rendered", "base", "base:org/name", "diffusion:hf://org/name@main"]
)
def test_words_are_no_paths(here: Path, entities: str):
    (here / "sub").mkdir()
    (here / "sub" / "a.toml").write_text(f'entities = "{entities}"\nbase = "org/name@main"\n')
    settings = chosen(flags={"config": Path("sub/a.toml")}).settings("m")
    assert (settings.entities, settings.base) == (entities, "org/name@main")


def test_a_folder_where_auditor_is_started_is_not_the_base_that_a_file_elsewhere_means(here: Path):
    (here / "org" / "name").mkdir(parents=True)
    (here / "sub").mkdir()
    (here / "sub" / "a.toml").write_text('base = "org/name"\n')
    assert chosen(flags={"config": Path("sub/a.toml")}).settings("m").base == "hf://org/name"


def test_the_report_gets_the_effective_values_and_they_make_the_same_settings(here: Path):
    (here / "auditor.toml").write_text(f'depth = "deep"\nbaseline = "old.json"\n{SUPPRESSION}')
    settings = chosen(AUDITOR_SEED="4").settings("org/name")
    plain = settings.as_json()
    assert (plain["depth"], plain["seed"], plain["config"]) == ("deep", 4, "auditor.toml")
    assert plain["ignore"][0]["expires"] == "2027-01-31"
    model = plain.pop("model")
    assert settings_from_file(model, plain) == settings


def test_the_python_api_reads_the_file_it_is_told_and_no_other(
    here: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("AUDITOR_SEED", "8")
    (here / "auditor.toml").write_text(f'depth = "deep"\nbatch-size = "auto"\n{SUPPRESSION}')
    assert settings_from_file("m", {}) == ScanSettings(model="m")
    told = settings_from_file("m", {"config": "auditor.toml", "depth": "quick"})
    assert (told.depth, told.seed, len(told.ignore)) == (Depth.QUICK, 0, 1)
    with pytest.raises(UsageError, match="unknown setting 'dept'"):
        settings_from_file("m", {"config": "auditor.toml", "dept": "quick"})
