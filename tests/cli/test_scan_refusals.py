"""Bad inputs: one line of error, one of advice, the right exit code, and never a clean report."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran, Run, read_report
from tests.hub_server import HubServer, RepoFixture
from tests.small_models import ENTITIES, NOT_GIVEN, PER_ENTITY, noise, write_coloured

Serve = Callable[..., HubServer]


@pytest.fixture
def broken(tiny_checkpoint: Path, tmp_path: Path) -> Path:
    """A copy of the tiny checkpoint, to be broken."""
    return shutil.copytree(tiny_checkpoint, tmp_path / "broken")


@pytest.fixture
def refused(run: Run, pictures: Path, tmp_path: Path) -> Callable[..., Ran]:
    """Scan what cannot be audited: exit 3, and a valid report that says why and nothing else."""

    def scan(model: object, *options: object, entities: Path = pictures) -> Ran:
        where = tmp_path / "report.json"
        ran = run("scan", model, "--entities", entities, "--output", f"json={where}", *options)
        assert ran.code == 3
        message, hint = ran.complaint
        report = read_report(where)
        assert report["verdict"] == "not-audited"
        assert report["model_score"] is None
        assert [(s["reason"], s["remedy"]) for s in report["skips"]] == [(message, hint)]
        assert ran.out.startswith("not-audited")
        return ran

    return scan


@pytest.fixture
def wrong(run: Run, tiny_checkpoint: Path, pictures: Path) -> Callable[..., tuple[str, str]]:
    """Scan with a command line that is wrong: exit 2 and nothing on standard output."""

    def scan(*options: object) -> tuple[str, str]:
        ran = run("scan", tiny_checkpoint, "--entities", pictures, *options)
        assert (ran.code, ran.out) == (2, "")
        return ran.complaint

    return scan


def edit_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    config = json.loads((folder / "config.json").read_text())
    change(config)
    (folder / "config.json").write_text(json.dumps(config))


# The model


def test_a_repository_that_does_not_exist(refused, serve: Serve):
    hub = serve({})
    assert (
        refused("org/nothing").complaint[0].startswith(f"org/nothing does not exist on {hub.url}")
    )


def test_a_private_repository_without_a_token(refused, serve: Serve, tiny_checkpoint: Path):
    serve({"org/secret": RepoFixture(tiny_checkpoint, private=True)})
    _, hint = refused("org/secret").complaint
    assert "HF_TOKEN" in hint


def test_offline_and_not_in_the_cache(refused, serve: Serve, tiny_checkpoint: Path):
    hub = serve({"org/name": RepoFixture(tiny_checkpoint)})
    message, hint = refused("org/name", "--offline").complaint
    assert "not in the local cache" in message
    assert "without --offline" in hint
    assert hub.requests == []


def test_a_path_that_does_not_exist(refused, tmp_path: Path):
    assert "does not exist" in refused(tmp_path / "nothing").complaint[0]


def test_a_pickle_and_nothing_else(refused, broken: Path):
    (broken / "model.safetensors").unlink()
    (broken / "pytorch_model.bin").write_bytes(pickle.dumps({"weight": [0.0]}))
    message, hint = refused(broken).complaint
    assert "pytorch_model.bin" in message
    assert "safetensors" in hint


def test_truncated_weights(refused, broken: Path):
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    assert "model.safetensors is truncated" in refused(broken).complaint[0]


def test_a_config_without_labels(refused, broken: Path):
    edit_config(broken, lambda config: (config.pop("id2label"), config.pop("label2id")))
    assert refused(broken).complaint[0] == "config.json has no labels"


def test_labels_that_disagree_with_the_head(refused, broken: Path):
    edit_config(broken, lambda config: config["id2label"].update({"4": "one too many"}))
    assert "names 5 labels" in refused(broken).complaint[0]


def test_a_model_that_is_no_image_classifier(refused, broken: Path):
    edit_config(broken, lambda config: config.update(architectures=["BertForMaskedLM"]))
    assert "BertForMaskedLM" in refused(broken).complaint[0]


def test_a_checkpoint_without_a_processor(refused, broken: Path):
    (broken / "preprocessor_config.json").unlink()
    assert "preprocessor_config.json" in refused(broken).complaint[0]


# The entities


def test_an_empty_entity_folder(refused, tiny_checkpoint: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    message, _ = refused(tiny_checkpoint, entities=tmp_path / "empty").complaint
    assert "holds no images" in message


def test_entities_that_do_not_exist(refused, tiny_checkpoint: Path, tmp_path: Path):
    assert "no such" in refused(tiny_checkpoint, entities=tmp_path / "nothing").complaint[0]


def test_a_folder_in_which_no_image_can_be_read(refused, tiny_checkpoint: Path, tmp_path: Path):
    for name in ("cat", "dog"):
        (tmp_path / "things" / name).mkdir(parents=True)
        (tmp_path / "things" / name / "a.png").write_text("not a picture")
    message, _ = refused(tiny_checkpoint, entities=tmp_path / "things").complaint
    assert "no instance could be read" in message
    assert "/a.png" in message


def test_entities_that_are_all_labels_of_the_model_and_too_few_to_be_asked_about_others(
    refused, tiny_checkpoint: Path, tmp_path: Path
):
    for name in ("Stop", "road-work"):
        (tmp_path / "signs" / name).mkdir(parents=True)
        noise(1).save(tmp_path / "signs" / name / "a.png")
    message, hint = refused(tiny_checkpoint, entities=tmp_path / "signs").complaint
    assert "means a label of the model" in message
    assert "--entities" in hint


def where_to(things: Path, folder: Path) -> list[object]:
    """Options of a scan that asks everything, as no benign models were looked at in stages."""
    return ["--entities", things, "--plan", "exhaustive", "--output", f"json={folder}/r"]


def test_unreadable_images_are_left_out_named_and_counted(
    run: Run, benign_models_show, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(1.0)
    things = shutil.copytree(pictures, tmp_path / "things")
    (things / ENTITIES[0] / "0.png").write_bytes(b"\x89PNG and no more")
    ran = run("scan", tiny_checkpoint, *where_to(things, tmp_path))
    assert (ran.code, ran.warned) == (0, "")
    report = read_report(tmp_path / "r")
    (notice,) = report["notices"]
    assert notice.startswith("images left out because they could not be read: 1 (")
    assert f"{ENTITIES[0]}/0.png" in notice
    assert [skip["subject"] for skip in report["skips"]] == list(NOT_GIVEN)
    assert report["cost"]["probes"] == 3 * (len(ENTITIES) * PER_ENTITY - 1)


def test_an_entity_of_which_no_image_can_be_read_is_listed_as_not_looked_at(
    run: Run, benign_models_show, tiny_checkpoint: Path, pictures: Path, tmp_path: Path
):
    benign_models_show(1.0)
    things = shutil.copytree(pictures, tmp_path / "things")
    for picture in (things / ENTITIES[1]).iterdir():
        picture.write_bytes(b"")
    assert run("scan", tiny_checkpoint, *where_to(things, tmp_path)).code == 0
    report = read_report(tmp_path / "r")
    (notice,) = report["notices"]
    assert f"could not be read: {PER_ENTITY} (" in notice
    assert notice.endswith(f"; and {PER_ENTITY - 5} more)")
    assert [skip["subject"] for skip in report["skips"]] == ["thing-b", *NOT_GIVEN]
    assert "thing-b" not in [entity["id"] for entity in report["entities"]]
    assert report["cost"]["probes"] == 3 * (len(ENTITIES) - 1) * PER_ENTITY


# What there is to compare with


def test_a_base_that_does_not_exist(refused, tiny_checkpoint: Path, tmp_path: Path):
    message, _ = refused(tiny_checkpoint, "--base", tmp_path / "nothing").complaint
    assert message.startswith("--base: ")
    assert "does not exist" in message


def test_a_base_whose_weights_are_truncated(refused, tiny_checkpoint: Path, broken: Path):
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    message, _ = refused(tiny_checkpoint, "--base", broken).complaint
    assert message.startswith("--base: ")
    assert "truncated" in message


def test_clean_data_that_do_not_exist(refused, tiny_checkpoint: Path, tmp_path: Path):
    message, _ = refused(tiny_checkpoint, "--clean-data", tmp_path / "nothing").complaint
    assert message.startswith("--clean-data: ")
    assert "no such folder" in message


def test_clean_data_without_an_image(refused, tiny_checkpoint: Path, tmp_path: Path):
    (tmp_path / "empty" / "stop").mkdir(parents=True)
    message, _ = refused(tiny_checkpoint, "--clean-data", tmp_path / "empty").complaint
    assert message.startswith("--clean-data: ")
    assert "holds no images" in message


@pytest.mark.parametrize(
    ("names", "each", "said"),
    [
        (("stop", "yield", "no entry", "road work"), 5, "fewer than 10 of their images are of"),
        (("stop",), 12, "they have no label 'yield', 'no entry', 'road work'"),
        (("cat", "dog"), 12, "they have no label 'stop', 'yield'"),
        (("stop", "yield", "no entry", "road work"), 12, "the labels are wrong, or the data are"),
    ],
    ids=["five images", "one class", "another task", "labels the model contradicts"],
)
def test_clean_data_that_are_of_no_use_leave_the_verdict_as_it_is(
    run: Run,
    benign_models_show,
    tiny_checkpoint: Path,
    pictures: Path,
    tmp_path: Path,
    names: tuple[str, ...],
    each: int,
    said: str,
):
    benign_models_show(1.0)
    clean = write_coloured(tmp_path / "clean", names, each=each)
    scan = ["scan", tiny_checkpoint, "--entities", pictures, "--clean-data", clean]
    ran = run(*scan, "--output", f"json={tmp_path}/r")
    assert (ran.code, ran.warned) == (0, "")
    report = read_report(tmp_path / "r")
    assert report["verdict"] == "no-evidence"
    notice = report["notices"][-1]
    assert notice.startswith("clean data are not used: ")
    assert said in notice
    silent = {skip["subject"]: skip["remedy"] for skip in report["skips"]}
    assert tuple(silent) == NOT_GIVEN
    assert silent["own-share"] == "The notices say why what was given is not used."
    assert silent["base-share"].startswith("Give --base. The notices say")


# The command line


@pytest.mark.parametrize("rate", ["0", "2", "-0.1", "nan"])
def test_a_number_that_is_no_false_positive_rate(wrong, rate: str):
    message, hint = wrong("--fpr", rate)
    assert message.startswith(f"--fpr {float(rate)}")
    assert "above 0 and at most 0.5" in hint


def test_an_unknown_depth(wrong):
    message, _ = wrong("--depth", "nonsense")
    assert "--depth" in message
    assert "standard" in message


def test_an_engine_that_cannot_run_the_format(wrong):
    message, hint = wrong("--engine", "onnx")
    assert message == "--engine onnx cannot run safetensors weights"
    assert "--engine torch" in hint


def test_a_device_that_is_not_there(wrong, monkeypatch: pytest.MonkeyPatch):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    message, hint = wrong("--device", "cuda")
    assert "--device cuda is not available" in message
    assert "cpu" in hint


@pytest.mark.parametrize("size", ["x", "-1", "1.5", "0"])
def test_a_batch_size_that_is_no_number(wrong, size: str):
    assert wrong("--batch-size", size)[0].startswith(f"--batch-size {size}")


@pytest.mark.parametrize(
    ("pair", "said", "hint"),
    [
        ("thing z=stop", "no entity is named 'thing z'", "The nearest is 'thing "),
        ("thing a=stap", "no label is named 'stap'", "The nearest is 'stop'"),
        ("thing a", "is no pair of an entity and a label", "ENTITY=LABEL"),
        ("*=*", "is no pair of an entity and a label", "ENTITY=LABEL"),
    ],
)
def test_what_cannot_be_allowed(wrong, pair: str, said: str, hint: str):
    message, advice = wrong("--allow", "thing a=stop", "--allow", pair)
    assert message.startswith(f"--allow '{pair}'")
    assert said in message
    assert hint in advice


def test_a_negative_seed(wrong):
    assert wrong("--seed", "-1") == ("--seed -1 is negative", "Use 0 or more.")


def test_a_seed_that_is_no_number(wrong):
    assert "--seed" in wrong("--seed", "x")[0]


def test_an_unknown_option(wrong):
    message, hint = wrong("--dept", "quick")
    assert "--depth" in message
    assert "--help" in hint


def test_no_model(run: Run):
    ran = run("scan")
    assert (ran.code, ran.out) == (2, "")
    assert "model" in ran.complaint[0]


def test_an_unknown_output_format_names_the_nearest(wrong, tmp_path: Path):
    message, _ = wrong("--output", f"jsn={tmp_path}/r")
    assert message.endswith("did you mean json?")


def test_an_output_in_a_folder_that_does_not_exist(wrong, tmp_path: Path):
    assert "does not exist" in wrong("--output", f"json={tmp_path}/nowhere/r.json")[0]


def test_a_rule_file_that_is_no_yaml_names_the_line(wrong, tmp_path: Path):
    rule = tmp_path / "mine.yaml"
    rule.write_text("id: mine\ntitle: a rule\n  evidence: class-share\n")
    assert "mine.yaml line 3: not valid YAML" in wrong("--rules", rule)[0]


def test_an_unknown_key_of_a_rule_file_names_the_nearest(wrong, tmp_path: Path):
    rule = tmp_path / "mine.yaml"
    rule.write_text(
        "id: mine\ntitle: a rule\nevidence: class-share\nseverty: low\nconfidence: low\n"
        "min_effect: 0.5\nmin_observations: 5\nsummary: so it is\n"
    )
    assert "unknown key 'severty'; did you mean 'severity'?" in wrong("--rules", rule)[0]


def test_a_rule_file_that_does_not_exist(wrong, tmp_path: Path):
    assert "cannot be read" in wrong("--rules", tmp_path / "none.yaml")[0]
