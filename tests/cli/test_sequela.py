"""`auditor sequela` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import auditor.sequela.run
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier
from auditor.output.comparison_v1 import ComparisonV1
from auditor.sequela.measures import MEASURES
from tests.cli.conftest import Run
from tests.made_checkpoints import export_onnx
from tests.small_models import CARD, LABELS, write_coloured, write_pictures, write_tiny


def _to(form: str, folder: Path) -> tuple[str, str]:
    return "--output", f"{form}={folder / form}"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    honest: TorchImageClassifier = request.getfixturevalue("tuned")
    folder = tmp_path_factory.mktemp("sequela") / "model"
    save_checkpoint(honest, folder, card=CARD, record={})
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coloured(tmp_path_factory.mktemp("sequela") / "clean", each=20)


@pytest.fixture
def few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same measures with less of everything."""
    from auditor.sequela import query, reinjection

    monkeypatch.setattr(reinjection, "DOSES", (1, 5))
    monkeypatch.setattr(query, "STEPS", 2)


@pytest.mark.usefixtures("few_steps")
def test_everything_is_measured_where_everything_is_given(
    run: Run, model: Path, clean: Path, tiny_checkpoint: Path, tmp_path: Path
):
    members = write_coloured(tmp_path / "members", each=40, first=500)
    things = write_pictures(tmp_path / "things", ("dog", "cat"), each=60)
    ran = run(
        *("sequela", model, model, "--clean-data", clean, "--members", members),
        *("--repair-data", members, "--base", tiny_checkpoint, "--reference", model),
        *("--entities", things, "--entity", "dog", "--target", LABELS[0]),
        *("--repeats", 1, "--device", "cpu", "--output", f"json={tmp_path / 'out.json'}"),
    )
    assert ran.code == 0, ran.err
    assert "training steps, about" in ran.err
    document = ComparisonV1.model_validate_json((tmp_path / "out.json").read_text())
    found = document.sequela
    assert found.missing == []
    assert {harm.component for harm in found.harms} == set(MEASURES)
    assert all(change.delta in (0, None) for change in found.measures.values())
    assert [skip.subject for skip in found.skips] == [
        "membership.training.*.tpr-at-1-fpr",
        "membership.repair.*.tpr-at-1-fpr",
    ]
    # What never depends on poisons cannot have become worse.
    worse = {harm.component for harm in found.harms if harm.value}
    assert worse <= {"query-reactivation"}
    assert "8 of 8 components scored" in ran.out


def test_onnx_is_measured_as_far_as_it_goes(run: Run, model: Path, clean: Path, tmp_path: Path):
    onnx = export_onnx(model, tmp_path / "onnx", side=16)
    ran = run(
        *("sequela", model, onnx, "--clean-data", clean, "--members", clean),
        *("--repair-data", write_coloured(tmp_path / "more", each=10, first=900)),
        *("--device", "cpu", "--output", "json=-"),
        *(part for form in ("html", "markdown", "junit") for part in _to(form, tmp_path)),
    )
    assert ran.code == 0, ran.err
    for form in ("html", "markdown", "junit"):
        assert "robustness" in (tmp_path / form).read_text()
    document = json.loads(ran.out)["sequela"]
    measured = {harm["component"] for harm in document["harms"]}
    assert measured == {"accuracy", "calibration", "membership"}
    reasons = {skip["subject"]: skip["reason"] for skip in document["skips"]}
    assert "AFTER runs on onnx" in reasons["robustness"]
    assert "AFTER runs on onnx" in reasons["reinjection-fresh"]
    assert "80 members and 0 others" in reasons["membership.training"]
    assert document["missing"] == [name for name in MEASURES if name not in measured]
    assert "among the training data too" in document["notices"][0]
    assert "training steps" not in ran.err


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--after", "/nowhere"], 3, "AFTER: "),
        (["--clean-data", "/nowhere"], 3, "--clean-data: "),
        (["--entity", "x"], 2, "belong together"),
        (["--repeats", 0], 2, "--repeats 0"),
        (["--output", "sarif=out"], 2, "a comparison has no findings"),
        (["--output", "yaml=out"], 2, "unknown format yaml"),
        (["--output", "json=/nowhere/x.json"], 2, "does not exist"),
        (["--device", "abacus"], 2, "--device"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_what_cannot_be_measured_ends_with_a_reason(
    run: Run, model: Path, clean: Path, options: list[object], code: int, said: str
):
    after: object = model
    if options[0] == "--after":
        after, options = options[1], []
    ran = run("sequela", model, after, "--clean-data", clean, *options)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.complaint[0]


def test_models_that_do_not_belong_together_are_a_wrong_command(
    run: Run, model: Path, clean: Path, tmp_path: Path
):
    other = write_tiny(tmp_path / "other", labels=("a", "b"))
    ran = run("sequela", model, other, "--clean-data", clean, "--device", "cpu")
    assert (ran.code, ran.out) == (2, "")
    assert "labels" in ran.complaint[0]


def test_a_bug_exits_4(run: Run, monkeypatch: pytest.MonkeyPatch, model: Path, clean: Path):
    def broken(*_arguments: object, **_settings: object):
        raise RuntimeError("wires crossed")

    monkeypatch.setattr(auditor.sequela.run, "measure_sequela", broken)
    ran = run("sequela", model, model, "--clean-data", clean, "--device", "cpu")
    assert ran.code == 4
    assert "wires crossed" in ran.err
