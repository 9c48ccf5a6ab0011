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
from auditor.errors import UnsupportedModel
from auditor.models.classifier import Pixels
from auditor.models.preprocessing import Preprocessing, first_line, load_preprocessing
from auditor.types import Checkpoint


@dataclass(frozen=True, slots=True, eq=False)
class OnnxImageClassifier:
    """An ONNX image classifier. See `Classifier` for the contract. It has no gradients."""

    labels: tuple[str, ...]
    session: Any
    input_name: str
    output_name: str
    preprocessing: Preprocessing
    device: str
    engine: str = "onnx"

    def pixels(self, images: Sequence[Image.Image]) -> Pixels:
        """Resize and crop RGB images to `(N, 3, H, W)` uint8."""
        return self.preprocessing.pixels(images)

    def logits(self, pixels: Pixels) -> NDArray[np.float32]:
        """Class scores `(N, C)`."""
        (scores,) = self.session.run(
            [self.output_name], {self.input_name: self.preprocessing.normalise(pixels)}
        )
        result: NDArray[np.float32] = np.asarray(scores, dtype=np.float32)
        return result


def load_onnx(checkpoint: Checkpoint, *, device: str) -> OnnxImageClassifier:
    """Open `model.onnx` beside its config and processor.

    Raises:
        UnsupportedModel: The graph cannot be run, or its output disagrees with the labels.
    """
    import onnxruntime

    labels = labels_of(checkpoint.config)
    preprocessing = load_preprocessing(checkpoint.root)
    try:
        session = onnxruntime.InferenceSession(
            str(weight_files(checkpoint)[0]), providers=_providers(device)
        )
        classifier = OnnxImageClassifier(
            labels=labels,
            session=session,
            input_name=session.get_inputs()[0].name,
            output_name=_logits_name(session),
            preprocessing=preprocessing,
            device=device,
        )
        shape = classifier.logits(_one_picture(preprocessing)).shape
    except UnsupportedModel:
        raise
    except Exception as error:  # ONNX Runtime raises its own unrelated exception types
        raise UnsupportedModel(
            f"ONNX Runtime cannot run the graph: {first_line(error)}",
            hint="Check that the file is complete and takes one picture batch as input.",
        ) from error
    if shape != (1, len(labels)):
        raise UnsupportedModel(
            f"config.json names {len(labels)} labels, the graph answers with shape {shape}",
            hint="Check that config.json and model.onnx belong together.",
        )
    return classifier


def _providers(device: str) -> list[str]:
    if device.startswith("cuda"):
        return ["CUDAExecutionProvider", "CPUExecutionProvider"]
    return ["CPUExecutionProvider"]


def _logits_name(session: Any) -> str:
    names = [output.name for output in session.get_outputs()]
    return "logits" if "logits" in names else str(names[0])


def _one_picture(preprocessing: Preprocessing) -> Pixels:
    return preprocessing.pixels([Image.new("RGB", (64, 64), (128, 128, 128))])
