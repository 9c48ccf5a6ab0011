from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from auditor.checkpoints.resolve import resolve
from auditor.datasets.open import DatasetSpec
from auditor.errors import CheckpointError, EntityError
from auditor.lab.save import save_checkpoint
from auditor.models.fake import FakeClassifier
from auditor.models.load import Engine, load_classifier
from auditor.references.build import Reference
from auditor.references.open import Material, Wanted, open_material, with_features
from tests.made_checkpoints import edit_json, edit_tensors, export_onnx, write_checkpoint
from tests.made_datasets import write_parquet
from tests.small_models import CARD, LABELS, tiny_model, write_coloured

Opened = Callable[..., Material]


@pytest.fixture(scope="module")
def base_folder(base, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base") / "tiny"
    save_checkpoint(base, folder, card=CARD, record={})
    return folder


@pytest.fixture
def opened(tuned) -> Opened:
    """Open what a fine-tune is to be compared with."""

    def open_it(base=None, clean=None, *, model=tuned, declared: bool = False) -> Material:
        wanted = Wanted(
            base=None if base is None else str(base),
            base_is_declared=declared,
            clean_data=None if clean is None else DatasetSpec(source=str(clean)),
            device="cpu",
            offline=True,
            seed=0,
        )
        return open_material(model, wanted)

    return open_it


def refused_base(material: Material) -> str:
    assert material.base is None
    assert not any(judge.reads_base for judge in material.references.judges.values())
    (notice,) = material.references.notices
    return notice


def test_base_and_clean_data_give_every_reference(opened: Opened, base_folder, clean_folder):
    material = opened(base_folder, clean_folder)
    assert set(material.references.judges) == set(Reference)
    assert material.references.notices == ()
    assert material.references.clean_per_class == 10
    assert material.base_revision is None  # a folder has none
    pixels = np.zeros((2, 3, 16, 16), np.uint8)
    assert material.base.features(pixels).shape == material.model.features(pixels).shape


def test_with_nothing_named_the_model_shows_its_features_and_that_is_all(opened: Opened, tuned):
    material = opened()
    assert material.model is tuned
    assert (material.base, dict(material.references.judges)) == (None, {})
    assert material.references.notices == ()


def test_the_seed_decides_images_and_heads(tuned, clean_folder):
    def said(seed: int):
        spec = DatasetSpec(source=str(clean_folder))
        wanted = Wanted(base=None, clean_data=spec, device="cpu", offline=True, seed=seed)
        own = open_material(tuned, wanted).references.judges[Reference.OWN]
        return own.probabilities(np.eye(8, dtype=np.float32))

    np.testing.assert_array_equal(said(0), said(0))
    assert np.abs(said(0) - said(1)).max() > 0


# A model that shows nothing


@pytest.mark.parametrize(
    ("with_base", "with_clean", "declared", "said"),
    [
        (True, True, False, "the base and clean data are not used"),
        (True, False, False, "the base is not used"),
        (False, True, False, "clean data are not used"),
        (True, False, True, "the base that the card names is not used"),
    ],
)
def test_a_model_without_features_is_audited_without_references(
    opened: Opened, base_folder, clean_folder, with_base, with_clean, declared, said
):
    fake = FakeClassifier(LABELS, lambda pixels: np.zeros((len(pixels), 4), np.float32))
    material = opened(
        base_folder if with_base else None,
        clean_folder if with_clean else None,
        model=fake,
        declared=declared,
    )
    assert material.model is None
    assert material.references.notices == (
        f"{said}: the fake engine shows no features of this model",
    )


@pytest.fixture(scope="module")
def onnx_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    room = tmp_path_factory.mktemp("onnx")
    return export_onnx(write_checkpoint(room / "torch", "vit"), room / "onnx")


def test_an_onnx_model_shows_no_features(opened: Opened, onnx_folder, clean_folder):
    model = load_classifier(resolve(str(onnx_folder)), engine=Engine.AUTO, device="cpu")
    assert with_features(model) is None
    material = opened(None, clean_folder, model=model)
    assert material.references.notices == (
        "clean data are not used: the onnx engine shows no features of this model",
    )


def test_an_onnx_base_shows_no_features(opened: Opened, onnx_folder, clean_folder):
    material = opened(onnx_folder, clean_folder)
    assert refused_base(material) == (
        "the base is not used: the onnx engine shows no features of it"
    )
    assert set(material.references.judges) == {Reference.OWN}


# A base that cannot be had


def test_a_base_that_the_user_names_must_be_there(opened: Opened, tmp_path: Path):
    with pytest.raises(CheckpointError, match=r"--base: .*does not exist") as caught:
        opened(tmp_path / "nothing")
    assert caught.value.hint


def test_a_base_that_the_card_names_need_not_be_there(opened: Opened, clean_folder):
    material = opened("org/nothing", clean_folder, declared=True)
    assert refused_base(material).startswith("the base that the card names is not used: ")
    assert set(material.references.judges) == {Reference.OWN}


@pytest.mark.parametrize("declared", [True, False])
def test_a_base_with_broken_weights(opened: Opened, base_folder, tmp_path: Path, declared: bool):
    broken = Path(shutil.copytree(base_folder, tmp_path / "broken"))
    weights = broken / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    if declared:
        assert "truncated" in refused_base(opened(broken, declared=True))
    else:
        with pytest.raises(CheckpointError, match=r"--base: .*truncated"):
            opened(broken)


@pytest.mark.parametrize("declared", [True, False])
def test_an_encoder_without_a_head_is_no_base_yet_no_error(
    opened: Opened, base_folder, tmp_path: Path, declared: bool
):
    """Many a model on the Hub was made from a checkpoint that classifies nothing."""
    encoder = Path(shutil.copytree(base_folder, tmp_path / "encoder"))
    edit_json(encoder / "config.json", architectures=["ResNetModel"])
    notice = refused_base(opened(encoder, declared=declared))
    named = "the base that the card names" if declared else "the base"
    assert notice.startswith(f"{named} is not used: config.json is not of an image classifier")


def test_a_base_whose_features_are_no_numbers(opened: Opened, base_folder, tmp_path: Path):
    spoilt = Path(shutil.copytree(base_folder, tmp_path / "spoilt"))
    edit_tensors(
        spoilt / "model.safetensors", lambda tensors: tensors["classifier.1.weight"].fill_(np.nan)
    )
    assert "infinite or undefined" in refused_base(opened(spoilt))


def test_a_base_of_another_width(opened: Opened, clean_folder, tmp_path: Path):
    other = write_checkpoint(tmp_path / "wide", "resnet")
    material = opened(other, clean_folder)
    assert refused_base(material) == (
        "the base is not used: it has 16 features where the model has 8"
    )
    assert set(material.references.judges) == {Reference.OWN}


def test_a_base_that_takes_other_images(opened: Opened, tmp_path: Path):
    """A transformer has a place for each patch, and takes no other number of them."""
    folder = write_checkpoint(tmp_path / "resnet", "resnet")
    model = load_classifier(resolve(str(folder)), engine=Engine.AUTO, device="cpu")
    material = opened(write_checkpoint(tmp_path / "vit", "vit"), model=resized(model))
    assert refused_base(material).startswith(
        "the base is not used: it does not take the model's images ("
    )


def resized(model):
    """The same model, for pictures of half the side."""
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    from auditor.models.preprocessing import preprocessing_of

    smaller = preprocessing_of(ViTImageProcessorPil(size={"height": 16, "width": 16}))
    return replace(model, preprocessing=smaller)


# Clean data that cannot be used


def test_clean_data_that_are_not_there(opened: Opened, tmp_path: Path):
    with pytest.raises(EntityError, match=r"--clean-data: .*no such folder") as caught:
        opened(None, tmp_path / "nothing")
    assert caught.value.hint


def test_clean_data_that_need_an_option_of_the_entities_say_what_to_do(
    opened: Opened, tmp_path: Path
):
    for split in ("left", "right"):
        write_parquet(tmp_path / "data" / f"{split}-00000-of-00001.parquet", [0, 1, 2])
    with pytest.raises(EntityError, match="several splits") as caught:
        opened(None, tmp_path)
    assert "folder of class folders" in caught.value.hint


def test_clean_data_of_another_task_leave_the_base(opened: Opened, base_folder, tmp_path: Path):
    other = write_coloured(tmp_path / "pets", ("cat", "dog", "owl", "fox"))
    material = opened(base_folder, other)
    assert set(material.references.judges) == {Reference.DRIFT}
    assert material.references.clean_per_class is None
    assert len(material.references.notices) == 2


def test_clean_data_with_wrong_labels_leave_the_base(opened: Opened, base_folder, tmp_path: Path):
    wrong = write_coloured(tmp_path / "wrong", (*LABELS[1:], LABELS[0]))
    material = opened(base_folder, wrong)
    assert set(material.references.judges) == {Reference.DRIFT}
    (notice,) = material.references.notices
    assert "the labels are wrong" in notice


def test_a_head_that_does_not_make_the_scores_is_not_shown(tuned):
    class Doubled(torch.nn.Module):
        def __init__(self, inner) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, pixel_values):
            said = self.inner(pixel_values=pixel_values)
            said.logits = said.logits * 2 + 1
            return said

    assert with_features(tuned) is tuned
    assert with_features(replace(tuned, module=Doubled(tuned.module))) is None
    assert with_features(tiny_model()) is not None
