"""Image classifiers in the layout that Optimum exports, run by ONNX Runtime."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.checkpoints.classifier import labels_of
from auditor.checkpoints.inspect import weight_files
from auditor.errors import UnsupportedModel, UsageError
from auditor.models.classifier import Pixels, require_answers
from auditor.models.onnx_data import require_known_data
from auditor.models.preprocessing import Preprocessing, first_line, load_preprocessing
from auditor.models.remote_code import code_of
from auditor.types import Checkpoint

_ONLY_ERRORS = 3  # of ONNX Runtime's levels of messages on standard error
_CUDA = "CUDAExecutionProvider"
_CPU = "CPUExecutionProvider"


@dataclass(frozen=True, slots=True, eq=False)
class OnnxImageClassifier:
    """An ONNX image classifier. See `Classifier` for the contract. It has no gradients.

    `batch` is the number of images that the graph takes at a time, None where any will do.
    """

    labels: tuple[str, ...]
    session: Any
    input_name: str
    output_name: str
    preprocessing: Preprocessing
    device: str
    batch: int | None = None
    engine: str = "onnx"

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize and crop RGB images to `(N, 3, H, W)` uint8."""
        return self.preprocessing.pixels(images)

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Class scores `(N, C)`."""
        inputs = self.preprocessing.normalise(pixels)
        if self.batch is None:
            return self._run(inputs)
        starts = range(0, len(inputs), self.batch)
        return np.concatenate([self._run_part(inputs[i : i + self.batch]) for i in starts])

    def _run_part(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        """Fill up a batch with its last image, and leave the answers to those out."""
        rows = np.minimum(np.arange(self.batch or 1), len(inputs) - 1)
        return self._run(inputs[rows])[: len(inputs)]

    def _run(self, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        (scores,) = self.session.run([self.output_name], {self.input_name: inputs})
        result: NDArray[np.float32] = np.asarray(scores, dtype=np.float32)
        return result


def load_onnx(
    checkpoint: Checkpoint, *, device: str, fall_back: bool = False
) -> OnnxImageClassifier:
    """Open `model.onnx` beside its config and processor.

    Args:
        checkpoint: What to open.
        device: "cpu", "cuda" or "cuda:N".
        fall_back: Take the CPU where ONNX Runtime cannot use that device.

    Raises:
        UnsupportedModel: The graph cannot be run, or its output disagrees with the labels.
        UsageError: ONNX Runtime cannot use the device.
    """
    labels = labels_of(checkpoint.config)
    preprocessing = load_preprocessing(checkpoint.root, code_of(checkpoint))
    try:
        session = _session(checkpoint, device)
        if device != "cpu" and _CUDA not in session.get_providers():
            device = _cpu_instead_of(device, fall_back)
        classifier = OnnxImageClassifier(
            labels=labels,
            session=session,
            input_name=_named(session.get_inputs(), "pixel_values").name,
            output_name=_named(session.get_outputs(), "logits").name,
            preprocessing=preprocessing,
            device=device,
            batch=_fixed_batch(session),
        )
        require_answers(classifier)
    except (UnsupportedModel, UsageError, ModuleNotFoundError):
        raise
    except Exception as error:  # ONNX Runtime raises its own unrelated exception types
        raise UnsupportedModel(
            f"ONNX Runtime cannot run the graph: {first_line(error)}",
            hint="Check that the file is complete and takes one picture batch as input.",
        ) from error
    return classifier


def _session(checkpoint: Checkpoint, device: str) -> Any:
    import onnxruntime

    graph = weight_files(checkpoint)[0]
    require_known_data(graph, checkpoint)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = _ONLY_ERRORS
    return onnxruntime.InferenceSession(str(graph), options, providers=_providers(device))


def _cpu_instead_of(device: str, fall_back: bool) -> str:
    # ONNX Runtime takes the CPU by itself, and says so only in its log.
    if not fall_back:
        raise UsageError(
            f"--device {device} is not available to ONNX Runtime here",
            hint="Use --device cpu, or install the CUDA libraries that onnxruntime-gpu needs.",
        )
    return "cpu"


def _providers(device: str) -> list[Any]:
    kind, _, number = device.partition(":")
    return [(_CUDA, {"device_id": int(number or 0)}), _CPU] if kind == "cuda" else [_CPU]


def _fixed_batch(session: Any) -> int | None:
    shape = _named(session.get_inputs(), "pixel_values").shape
    return shape[0] if shape and isinstance(shape[0], int) and shape[0] > 0 else None


def _named(values: Sequence[Any], usual: str) -> Any:
    """The input or output of the usual name, else the first."""
    return next((value for value in values if value.name == usual), values[0])
