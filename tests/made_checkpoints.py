"""Tiny image classifiers of real architectures, with weights that make a difference."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import (
    AutoImageProcessor,
    AutoModelForImageClassification,
    ConvNextConfig,
    ConvNextForImageClassification,
    MobileNetV1Config,
    MobileNetV1ForImageClassification,
    ResNetConfig,
    ResNetForImageClassification,
    SwinConfig,
    SwinForImageClassification,
    ViTConfig,
    ViTForImageClassification,
)

from auditor.models.quiet import quiet_transformers

LABELS = ("ant", "bee", "cow", "dog", "elk")
SIDE = 32
_IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
_HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}


@dataclass(frozen=True, slots=True)
class Family:
    """An architecture, its tiny configuration, and the processor that its models come with."""

    architecture: Callable[[Any], Any]
    config: Callable[..., Any]
    settings: Mapping[str, Any]
    processor: Mapping[str, Any]


FAMILIES = {
    "mobilenet_v1": Family(
        MobileNetV1ForImageClassification,
        MobileNetV1Config,
        {"image_size": SIDE, "depth_multiplier": 0.25},
        {
            "image_processor_type": "MobileNetV1ImageProcessor",
            "size": {"shortest_edge": 36},
            "do_center_crop": True,
            "crop_size": {"height": SIDE, "width": SIDE},
            **_HALF,
        },
    ),
    "resnet": Family(
        ResNetForImageClassification,
        ResNetConfig,
        {"embedding_size": 8, "hidden_sizes": [8, 16], "depths": [1, 1], "layer_type": "basic"},
        {
            "image_processor_type": "ConvNextImageProcessor",
            "size": {"shortest_edge": SIDE},
            "crop_pct": 0.875,
            **_IMAGENET,
        },
    ),
    "vit": Family(
        ViTForImageClassification,
        ViTConfig,
        {
            "image_size": SIDE,
            "patch_size": 8,
            "hidden_size": 16,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "intermediate_size": 32,
        },
        {
            "image_processor_type": "ViTImageProcessor",
            "size": {"height": SIDE, "width": SIDE},
            **_HALF,
        },
    ),
    "convnext": Family(
        ConvNextForImageClassification,
        ConvNextConfig,
        {"image_size": 64, "hidden_sizes": [8, 16, 16, 24], "depths": [1, 1, 1, 1]},
        {
            "image_processor_type": "ConvNextImageProcessor",
            "size": {"shortest_edge": 64},
            "crop_pct": 0.875,
            **_IMAGENET,
        },
    ),
    "swin": Family(
        SwinForImageClassification,
        SwinConfig,
        {
            "image_size": SIDE,
            "patch_size": 4,
            "embed_dim": 8,
            "depths": [1, 1],
            "num_heads": [1, 2],
            "window_size": 4,
        },
        {
            "image_processor_type": "ViTImageProcessor",
            "size": {"height": SIDE, "width": SIDE},
            **_IMAGENET,
        },
    ),
}


def write_checkpoint(folder: Path, family: str = "resnet", *, seed: int = 0) -> Path:
    """A checkpoint in Hub layout, of five classes."""
    made = FAMILIES[family]
    names = {"id2label": dict(enumerate(LABELS)), "label2id": {n: i for i, n in enumerate(LABELS)}}
    module = made.architecture(made.config(**made.settings, **names)).eval()
    _enliven(module, seed)
    with quiet_transformers():
        module.save_pretrained(folder)
    (folder / "preprocessor_config.json").write_text(json.dumps(made.processor))
    return folder


def _enliven(module: torch.nn.Module, seed: int) -> None:
    """Fresh weights are so small that every picture gets the same scores."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        noise = torch.randn(tensor.shape, generator=generator)
        if tensor.dim() > 1:
            tensor.copy_(noise * (2 / tensor[0].numel()) ** 0.5)
        elif name.endswith(".bias"):
            tensor.copy_(0.1 * noise)
        elif "layer_scale" in name:
            tensor.copy_(0.5 + 0.1 * noise)
    norms = [part for part in module.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = None  # the plain average of what is seen
    with torch.no_grad():
        module.train()(pixel_values=torch.randn(8, 3, 64, 64, generator=generator)) if norms else 0
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    module.eval()


def edit_json(path: Path, **changes: Any) -> None:
    """Set keys of a JSON file; None removes one."""
    said = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in said.items() if value is not None}))


def edit_tensors(path: Path, change: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


def photographs() -> list[Image.Image]:
    """Pictures of several sizes, coarse enough that a resize leaves something of them."""
    rng = np.random.default_rng(0)
    coarse = [rng.integers(0, 256, shape, dtype=np.uint8) for shape in [(4, 6, 3), (9, 5, 3)] * 2]
    sizes = [(70, 50), (60, 90), (32, 32), (200, 150)]
    return [
        Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
        for pixels, size in zip(coarse, sizes, strict=True)
    ]


def reference_logits(folder: Path, images: list[Image.Image]) -> np.ndarray:
    """What transformers itself answers, processor and model as it loads them."""
    with quiet_transformers():
        processor = AutoImageProcessor.from_pretrained(folder, backend="pil")
        model = AutoModelForImageClassification.from_pretrained(folder).eval()
    with torch.inference_mode():
        return model(**processor(images, return_tensors="pt")).logits.numpy()


def export_onnx(
    folder: Path,
    out: Path,
    *,
    dynamo: bool = False,
    batch: int | None = None,
    side: int | None = None,
) -> Path:
    """Export a checkpoint as `model.onnx` beside its config and processor.

    `batch` fixes the number of pictures that the graph takes at a time, `side` the size of the
    picture that it is traced with.
    """
    import warnings

    out.mkdir(parents=True)
    for name in ("config.json", "preprocessor_config.json"):
        shutil.copy(folder / name, out)
    with quiet_transformers():
        model = AutoModelForImageClassification.from_pretrained(folder).eval()
    if side is None:
        side = SIDE if "convnext" not in model.config.model_type else 64
    example = torch.zeros(batch or 2, 3, side, side)
    free: dict[str, Any] = {}
    if batch is None and dynamo:
        free = {"dynamic_shapes": {"pixel_values": {0: torch.export.Dim.DYNAMIC}}}
    elif batch is None:
        free = {"dynamic_axes": {"pixel_values": {0: "batch"}, "logits": {0: "batch"}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporters warn of what transformers is made of
        torch.onnx.export(
            _LogitsOnly(model),
            (example,),
            str(out / "model.onnx"),
            input_names=["pixel_values"],
            output_names=["logits"],
            dynamo=dynamo,
            verbose=False,
            **free,
        )
    return out


class _LogitsOnly(torch.nn.Module):
    def __init__(self, model: torch.nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, pixel_values: torch.Tensor) -> torch.Tensor:
        return self.model(pixel_values=pixel_values).logits
