"""Checkpoint -> classifier: picks the engine, loads its package only then."""

from __future__ import annotations

import re
from enum import StrEnum

from auditor.checkpoints.wording import shown
from auditor.errors import MissingPackage, UsageError
from auditor.models.classifier import Classifier
from auditor.models.onnx_image import load_onnx
from auditor.models.torch_image import load_torch
from auditor.types import Checkpoint, CheckpointFormat

_CUDA = re.compile(r"cuda(:(?P<number>\d{1,4}))?", re.ASCII)


class Engine(StrEnum):
    """What runs the model. `auto` takes what the checkpoint's format asks for."""

    AUTO = "auto"
    TORCH = "torch"
    ONNX = "onnx"


class Precision(StrEnum):
    """What forward passes are computed in."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


def load_classifier(
    checkpoint: Checkpoint,
    *,
    engine: Engine,
    device: str,
    precision: Precision = Precision.FLOAT32,
) -> Classifier:
    """Load the weights behind the `Classifier` boundary.

    Raises:
        UnsupportedModel: It is no image classifier that auditor can run.
        UsageError: The engine asked for cannot run this format or precision, or the device does
            not exist.
        MissingPackage: The engine's package is not installed.
    """
    wanted = Engine.ONNX if checkpoint.format is CheckpointFormat.ONNX else Engine.TORCH
    if engine not in (Engine.AUTO, wanted):
        raise UsageError(
            f"--engine {engine} cannot run {checkpoint.format} weights",
            hint=f"Use --engine {wanted} or leave it out.",
        )
    if wanted is Engine.ONNX and precision is not Precision.FLOAT32:
        raise UsageError(
            f"--precision {precision} is for the torch engine: an ONNX graph fixes its own types",
            hint="Leave it out, or scan the safetensors weights.",
        )
    try:
        if wanted is Engine.ONNX:
            return load_onnx(checkpoint, device=resolve_device(device), fall_back=device == "auto")
        bfloat16 = precision is Precision.BFLOAT16
        return load_torch(checkpoint, device=resolve_device(device), bfloat16=bfloat16)
    except ModuleNotFoundError as error:
        raise MissingPackage(
            f"the {wanted} engine needs the package {error.name}",
            hint="Install it with: pip install --upgrade model-auditor",
        ) from error


def resolve_device(wanted: str) -> str:
    """`auto` -> "cuda" where there is one, else "cpu"; anything else is checked.

    Raises:
        UsageError: There is no such device here.
    """
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wanted == "auto":
        return "cuda" if count else "cpu"
    named = _CUDA.fullmatch(wanted)
    if wanted == "cpu" or (named and int(named["number"] or 0) < count):
        return wanted
    raise UsageError(
        f"--device {shown(wanted, 40)} is not available here", hint="Use auto, cpu or cuda[:N]."
    )
