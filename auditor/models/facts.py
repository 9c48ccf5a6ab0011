"""What a rule may say of the weights, found out before an engine gets them."""

from __future__ import annotations

from pathlib import Path

from auditor.checkpoints.finite import fact_of, non_finite_fact
from auditor.checkpoints.inspect import weight_files
from auditor.models.onnx_data import tensors_not_finite
from auditor.models.pickled import pickled_tensors
from auditor.types import Checkpoint, CheckpointFormat, FileFact


def weight_facts(checkpoint: Checkpoint) -> tuple[FileFact, ...]:
    """Look at every number of the weights.

    Raises:
        CheckpointError: A file is not what its header says.
        UnsupportedModel: A graph reads other files or has operators of its own; a pickle holds
            more than tensors.
        OSError: A file cannot be read.
    """
    by_path = {checkpoint.root / file.path: file for file in checkpoint.files}
    files = [(path, by_path[path]) for path in weight_files(checkpoint)]
    if checkpoint.format is CheckpointFormat.SAFETENSORS:
        facts = [non_finite_fact(path, file) for path, file in files]
    elif checkpoint.format is CheckpointFormat.ONNX:
        path, file = files[0]
        facts = [fact_of(file, tensors_not_finite(path, checkpoint))]
    else:
        facts = [fact_of(file, _not_finite(path)) for path, file in files]
    return tuple(fact for fact in facts if fact is not None)


def _not_finite(path: Path) -> list[str]:
    tensors = pickled_tensors(path)
    return [
        name
        for name, tensor in tensors.items()
        if (tensor.is_floating_point() or tensor.is_complex()) and not tensor.isfinite().all()
    ]
