"""What `--trust` lets in, with real files: a model with code of its own, weights in a pickle."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from auditor.checkpoints.resolve import checked, find, listed
from auditor.errors import CheckpointError, UnsupportedModel
from auditor.models.torch_image import TorchImageClassifier, load_torch
from auditor.types import CheckpointFormat, Trust
from tests.hub_server import HubServer, RepoFixture, use_hub
from tests.made_checkpoints import photographs, reference_logits, write_checkpoint

CODE = """
import torch
from transformers import PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import ImageClassifierOutput


class TinyConfig(PretrainedConfig):
    model_type = "tiny-of-its-own"


class TinyForImageClassification(PreTrainedModel):
    config_class = TinyConfig

    def __init__(self, config):
        super().__init__(config)
        self.classifier = torch.nn.Linear(3, config.num_labels)
        self.post_init()

    def forward(self, pixel_values):
        return ImageClassifierOutput(logits=self.classifier(pixel_values.mean((2, 3))))
"""
CONFIG = {
    "architectures": ["TinyForImageClassification"],
    "model_type": "tiny-of-its-own",
    "auto_map": {
        "AutoConfig": "modeling_tiny.TinyConfig",
        "AutoModelForImageClassification": "modeling_tiny.TinyForImageClassification",
    },
    "id2label": {"0": "ant", "1": "bee"},
    "label2id": {"ant": 0, "bee": 1},
}
PROCESSOR = {
    "image_processor_type": "ViTImageProcessor",
    "size": {"height": 8, "width": 8},
    "image_mean": [0.5, 0.5, 0.5],
    "image_std": [0.5, 0.5, 0.5],
}


@pytest.fixture
def own_code(tmp_path: Path) -> Path:
    """A model whose architecture comes with it."""
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "preprocessor_config.json").write_text(json.dumps(PROCESSOR))
    (folder / "modeling_tiny.py").write_text(CODE)
    tensors = {"classifier.weight": torch.eye(3)[:2].clone(), "classifier.bias": torch.zeros(2)}
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.fixture
def pickled(tmp_path: Path) -> tuple[Path, Path]:
    """A checkpoint in safetensors, and the same with its weights in a pickle."""
    plain, other = write_checkpoint(tmp_path / "plain"), write_checkpoint(tmp_path / "pickled")
    torch.save(load_file(other / "model.safetensors"), other / "pytorch_model.bin")
    (other / "model.safetensors").unlink()
    return plain, other


def loaded(source: Path | str, *trust: Trust) -> TorchImageClassifier:
    found = find(str(source), trust=trust)
    return load_torch(checked(found, listed(found)), device="cpu")


def test_code_of_a_model_runs_only_where_it_is_trusted(own_code: Path):
    with pytest.raises(UnsupportedModel, match="code of its own") as caught:
        loaded(own_code)
    assert "--trust remote-code" in caught.value.hint
    with pytest.raises(UnsupportedModel, match="code of its own"):
        loaded(own_code, Trust.PICKLE)
    model = loaded(own_code, Trust.REMOTE_CODE)
    pixels = model.pixels(photographs())
    means = pixels.astype("float64").mean((2, 3)) / 127.5 - 1
    assert model.logits(pixels) == pytest.approx(means[:, :2], abs=1e-5)


def test_code_that_runs_is_part_of_the_digest(own_code: Path):
    def digest(*trust: Trust) -> str:
        found = find(str(own_code), trust=trust)
        return checked(found, listed(found)).digest

    without, before = digest(), digest(Trust.REMOTE_CODE)
    (own_code / "modeling_tiny.py").write_text(CODE + "\n")
    assert digest() == without
    assert digest(Trust.REMOTE_CODE) != before


def test_code_on_the_hub_is_fetched_only_where_it_is_trusted(
    own_code: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import huggingface_hub

    with HubServer({"org/own": RepoFixture(own_code)}) as hub:
        use_hub(monkeypatch, hub)
        plain = find("org/own", cache_dir=tmp_path / "a")
        assert not (plain.root / "modeling_tiny.py").exists()
        trusted = find("org/own", cache_dir=tmp_path / "b", trust=[Trust.REMOTE_CODE])
        checkpoint = checked(trusted, listed(trusted))
    huggingface_hub.close_session()
    assert "modeling_tiny.py" in {file.path for file in checkpoint.files}
    assert load_torch(checkpoint, device="cpu").logits is not None


def test_weights_in_a_pickle_are_the_same_model_where_it_is_trusted(pickled: tuple[Path, Path]):
    plain, other = pickled
    with pytest.raises(CheckpointError, match="Python pickle") as caught:
        loaded(other)
    assert "--trust pickle" in caught.value.hint
    model = loaded(other, Trust.PICKLE)
    logits = model.logits(model.pixels(photographs()))
    assert logits == pytest.approx(reference_logits(plain, photographs()), abs=1e-3)


def test_a_pickle_named_by_its_file(pickled: tuple[Path, Path]):
    _, other = pickled
    found = find(str(other / "pytorch_model.bin"), trust=[Trust.PICKLE])
    assert checked(found, listed(found)).format is CheckpointFormat.PICKLE


def test_safetensors_are_taken_where_both_are_there(pickled: tuple[Path, Path]):
    plain, other = pickled
    (plain / "pytorch_model.bin").write_bytes((other / "pytorch_model.bin").read_bytes())
    found = find(str(plain), trust=[Trust.PICKLE])
    assert checked(found, listed(found)).format is CheckpointFormat.SAFETENSORS
