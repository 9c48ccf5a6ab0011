"""A repaired model as a checkpoint like the one it came from: same files, names, types, processor.

Only the numbers in the weight files change. Every file that auditor reads is copied byte for byte,
and the model card gets a section that says what was done.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.checkpoints.inspect import weight_files
from auditor.checkpoints.layout import CARD
from auditor.checkpoints.new_folder import writing_to
from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel, UsageError
from auditor.models.stored_form import stored_form
from auditor.types import Checkpoint, CheckpointFormat

if TYPE_CHECKING:
    import torch
    from torch import nn

    NewOf = Callable[[str], torch.Tensor | None]

_COUNTER = "num_batches_tracked"
COPIES = 4  # of the weights on disk at a time: start, best moment, candidate, one to spare
SLACK_BYTES = 1_000_000


def require_tunable(checkpoint: Checkpoint) -> None:
    """Refuse what has no weights that could be trained.

    Raises:
        UnsupportedModel: It is an ONNX graph.
    """
    if checkpoint.format is CheckpointFormat.ONNX:
        raise UnsupportedModel(
            f"{shown(checkpoint.source)} is an ONNX graph, which cannot be tuned",
            hint="Repair the safetensors checkpoint that it was exported from; export that again.",
        )


def require_room(checkpoint: Checkpoint, folder: Path, room: Path) -> None:
    """Find out now that the disk is too small, rather than when the work is done.

    Raises:
        UsageError: It is.
    """
    needed = COPIES * sum(file.size_bytes for file in checkpoint.files) + SLACK_BYTES
    free = shutil.disk_usage(room).free
    if free < needed:
        raise UsageError(
            f"{folder} cannot be written: {free:,} bytes are free there, {needed:,} are needed",
            hint="Free some space, or name another disk with --out.",
        )


def require_same_names(checkpoint: Checkpoint, module: nn.Module, room: Path) -> None:
    """Refuse weights that could not be written back under the names they were read from.

    Args:
        checkpoint: Where they were read from.
        module: What they were read into.
        room: A folder with room for them.

    Raises:
        UnsupportedModel: The files name tensors neither as the architecture does nor as
            transformers saves it.
    """
    there = _names(checkpoint)
    if not _lacking(module, there):
        return
    with stored_form(module, room) as stored:
        lacking = stored.file_of.keys() - there
    if lacking:
        raise UnsupportedModel(
            f"the weight files name their tensors otherwise than the architecture, "
            f"e.g. {shown(min(lacking), 80)}",
            hint="Save the model again with save_pretrained(), then repair that.",
        )


def _names(checkpoint: Checkpoint) -> set[str]:
    from safetensors import safe_open

    there: set[str] = set()
    for path in weight_files(checkpoint):
        with safe_open(path, framework="pt") as file:
            there |= set(file.keys())
    return there


def _lacking(module: nn.Module, there: set[str]) -> set[str]:
    """Tensors of the module, by their names in memory, that are not among these."""
    state = module.state_dict()
    lacking = {name for name in state.keys() - there if not name.endswith(_COUNTER)}
    kept = {state[name].data_ptr() for name in state.keys() & there}
    return {name for name in lacking if state[name].data_ptr() not in kept}  # else it is tied


def write_checkpoint(checkpoint: Checkpoint, module: nn.Module, folder: Path, out: Path) -> None:
    """Write the module's weights in the form of the checkpoint they came from.

    Args:
        checkpoint: The one that was repaired.
        module: The repaired weights.
        folder: Where to write; it is made.
        out: What the user called it, for messages.

    Raises:
        UsageError: The disk refuses.
    """
    weights = set(weight_files(checkpoint))
    with writing_to(out), _named_as_in(checkpoint, module, folder.parent) as new_of:
        folder.mkdir()
        for file in checkpoint.files:
            source, target = checkpoint.root / file.path, folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            if source in weights:
                _write_weights(source, new_of, target)
            else:
                shutil.copyfile(source, target)


def append_to_card(folder: Path, section: str, out: Path) -> None:
    """Add a section to the model card; one is begun where there is none.

    Raises:
        UsageError: The disk refuses.
    """
    card = folder / CARD
    with writing_to(out):
        start = "" if card.exists() else "---\nlibrary_name: transformers\n---\n"
        with card.open("a", encoding="utf-8", newline="\n") as file:
            file.write(f"{start}\n{section}")


@contextmanager
def _named_as_in(checkpoint: Checkpoint, module: nn.Module, room: Path) -> Iterator[NewOf]:
    """The new tensor for each name in the files; None for what is no weight of the model."""
    state = module.state_dict()
    if not _lacking(module, _names(checkpoint)):
        yield state.get
        return
    with stored_form(module, room) as stored:
        yield lambda name: stored.tensor(name) if name in stored.file_of else state.get(name)


def _write_weights(source: Path, new_of: NewOf, target: Path) -> None:
    """The tensors of one file with new values, in its own types, with its own metadata."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    tensors: dict[str, Any] = {}
    with safe_open(source, framework="pt") as file:
        metadata = file.metadata()
        for name in file.keys():  # noqa: SIM118 - it is no mapping
            old = file.get_tensor(name)
            new = new_of(name)
            tensors[name] = old if new is None else new.detach().cpu().to(old.dtype).contiguous()
    save_file(tensors, target, metadata)
