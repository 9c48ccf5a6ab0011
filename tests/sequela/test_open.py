from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from auditor.errors import AuditorError, EntityError, UsageError
from auditor.lab.save import save_checkpoint
from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.open import open_all
from auditor.sequela.settings import SequelaSettings
from tests.made_checkpoints import edit_json
from tests.small_models import CARD, LABELS, write_coloured, write_pictures, write_tiny


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    honest: TorchImageClassifier = request.getfixturevalue("tuned")
    folder = tmp_path_factory.mktemp("sequela") / "model"
    save_checkpoint(honest, folder, card=CARD, record={})
    return folder


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_coloured(tmp_path_factory.mktemp("sequela") / "clean")


def settings(model: Path, clean: Path, **more: object) -> SequelaSettings:
    said = {"before": model, "after": model, "clean_data": clean} | more
    return SequelaSettings(
        device="cpu", **{k: v if isinstance(v, int) else str(v) for k, v in said.items()}
    )


def refusal(kind: type[AuditorError], asked: SequelaSettings) -> AuditorError:
    with pytest.raises(kind) as caught:
        open_all(asked)
    assert type(caught.value) is kind
    assert caught.value.hint
    return caught.value


def test_clean_data_are_cut_into_halves_without_a_common_picture(model: Path, clean: Path):
    opened = open_all(settings(model, clean))
    tune, tests = opened.material.tune, opened.material.tests
    assert (len(tune), len(tests)) == (24, 24)
    assert sorted(tune.labels) == sorted(tests.labels)
    assert not {p.tobytes() for p in tune.pixels} & {p.tobytes() for p in tests.pixels}
    assert set(opened.facts) == {"before", "after"}


def test_members_and_an_entity_are_opened(model: Path, clean: Path, tmp_path: Path):
    things = write_pictures(tmp_path / "things")
    opened = open_all(
        settings(model, clean, members=clean, entities=things, entity="thing a", target=LABELS[1])
    )
    assert set(opened.material.members) == {"training"}
    assert set(opened.material.planted.tests.labels) == {1}
    assert len(opened.material.planted.poisons) == 4


def test_other_labels_are_refused(model: Path, clean: Path, tmp_path: Path):
    other = write_tiny(tmp_path / "other", labels=("a", "b", "c"))
    said = refusal(UsageError, settings(model, clean, after=other)).message
    assert "before and after have another labels: 4 such as 'stop', and 3 such as 'a'" in said


def test_another_order_of_labels_is_refused(model: Path, clean: Path, tmp_path: Path):
    other = write_tiny(tmp_path / "other", labels=LABELS[::-1])
    said = refusal(UsageError, settings(model, clean, reference=other)).message
    assert "before and reference have another order of labels" in said


def test_another_size_is_refused(model: Path, clean: Path, tmp_path: Path):
    other = Path(shutil.copytree(model, tmp_path / "other"))
    edit_json(other / "preprocessor_config.json", size={"height": 32, "width": 32})
    said = refusal(UsageError, settings(model, clean, after=other)).message
    assert "take pictures of other sizes: 16x16 and 32x32" in said


def test_another_way_of_resizing_is_refused(model: Path, clean: Path, tmp_path: Path):
    other = Path(shutil.copytree(model, tmp_path / "other"))
    edit_json(other / "preprocessor_config.json", resample=0)
    assert "in other ways" in refusal(UsageError, settings(model, clean, after=other)).message


def test_data_of_another_task_are_refused(model: Path, tmp_path: Path):
    other = write_coloured(tmp_path / "other", ("ant", "bee", "cow", "dog"))
    assert "they have no label 'stop'" in refusal(EntityError, settings(model, other)).message


def test_wrong_labels_are_refused(model: Path, tmp_path: Path):
    wrong = write_coloured(tmp_path / "wrong", LABELS[1:] + LABELS[:1])
    assert "the labels are wrong" in refusal(EntityError, settings(model, wrong)).message


def test_a_repair_that_ruined_the_model_is_measured(model: Path, clean: Path, tmp_path: Path):
    ruined = write_tiny(tmp_path / "ruined", favourite=0)
    assert open_all(settings(model, clean, after=ruined)).facts["after"].source == str(ruined)


@pytest.mark.parametrize("option", ["members", "repair_data", "clean_data", "reference", "base"])
def test_what_is_not_there_is_named(model: Path, clean: Path, option: str):
    with pytest.raises(AuditorError) as caught:
        open_all(settings(model, clean, **{option: "/nowhere"}))
    assert caught.value.message.startswith(f"--{option.replace('_', '-')}: ")
    assert caught.value.exit_code == 3


def test_members_of_another_task_are_refused(model: Path, clean: Path, tmp_path: Path):
    other = write_coloured(tmp_path / "other", ("ant", "bee", "cow", "dog"))
    said = refusal(EntityError, settings(model, clean, members=other)).message
    assert said.startswith("--members: ")


@pytest.mark.parametrize(
    ("entity", "target", "kind", "said"),
    [
        ("unicorn", LABELS[0], UsageError, "no entity 'unicorn'"),
        ("thing a", "purple", UsageError, "no label 'purple'"),
    ],
)
def test_an_unknown_entity_or_target_is_refused(
    model: Path, clean: Path, tmp_path: Path, entity: str, target: str, kind: type, said: str
):
    things = write_pictures(tmp_path / "things")
    asked = settings(model, clean, entities=things, entity=entity, target=target)
    assert said in refusal(kind, asked).message


def test_an_entity_with_few_pictures_is_refused(model: Path, clean: Path, tmp_path: Path):
    things = write_pictures(tmp_path / "things", each=3)
    asked = settings(model, clean, entities=things, entity="thing a", target=LABELS[0])
    assert "3 readable pictures" in refusal(EntityError, asked).message


@pytest.mark.parametrize(
    "wrong", [{"repeats": 0}, {"seed": -1}, {"entity": "x"}, {"entities": "x", "target": "y"}]
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object]):
    with pytest.raises(UsageError):
        SequelaSettings(before="a", after="b", clean_data="c", **wrong)
