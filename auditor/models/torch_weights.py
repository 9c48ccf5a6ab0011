"""Checkpoint -> torch module: exactly the files that were inspected, and nothing at random.

transformers would choose the weight file, the adapter and the code by itself, from what stands
in the folder and in `config.json`. So it is handed the configuration and the tensors instead:
what is audited is what the report's digests are of. Code that comes with a model is used only
where the user accepts that risk, and then only from files that were hashed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.inspect import weight_files
from auditor.checkpoints.safetensors_header import read_header
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError, UnsupportedModel
from auditor.models.claimed import BELONG_TOGETHER, Stored, require_fit, require_plausible
from auditor.models.pickled import pickled_tensors
from auditor.models.preprocessing import first_line
from auditor.models.quiet import quiet_transformers
from auditor.models.remote_code import TRUST_IT, own_classes, wants_code
from auditor.types import Checkpoint, CheckpointFormat

if TYPE_CHECKING:
    import torch
    from torch import nn

# They choose code, kernels or files rather than describe the model.
_NOT_THE_MODEL = frozenset(
    {"attn_implementation", "auto_map", "experts_implementation", "fusion_config"}
)
# Counts training batches; evaluation does not look at it, and other frameworks do not write it.
_COUNTER = "num_batches_tracked"


def load_module(checkpoint: Checkpoint) -> nn.Module:
    """Build the architecture that the config names and fill it; every tensor must be there.

    Raises:
        UnsupportedModel: transformers has no such image classifier, or the weights do not fit.
    """
    import torch

    settings = _settings(checkpoint)
    try:
        with quiet_transformers():
            stored = _stored(checkpoint)
            require_plausible(settings, len(stored))
            architecture, config = _architecture(checkpoint, settings)
            require_fit(stored, architecture, config)
            tensors = _tensors(checkpoint)
            module, said = architecture.from_pretrained(
                None,
                config=config,
                state_dict=tensors,
                dtype=torch.float32,
                local_files_only=True,
                output_loading_info=True,
            )
    except (UnsupportedModel, CheckpointError, ModuleNotFoundError):
        raise
    except Exception as error:  # whatever a stranger's config provokes in transformers
        raise UnsupportedModel(
            f"the weights cannot be loaded as an image classifier: {first_line(error)}",
            hint=BELONG_TOGETHER,
        ) from error
    _require_all_keys(said)
    result: nn.Module = module.float().eval()
    return result


def _settings(checkpoint: Checkpoint) -> dict[str, Any]:
    """The part of `config.json` that describes the model."""
    config = checkpoint.config
    if config.get("quantization_config") is not None:
        raise UnsupportedModel(
            "config.json has a quantization_config: the weights are quantised",
            hint="Audit the model before quantisation, or dequantise it and save that.",
        )
    elsewhere = config.get("transformers_weights")
    if elsewhere is not None and elsewhere not in {path.name for path in weight_files(checkpoint)}:
        raise UnsupportedModel(
            f"config.json sends transformers to other weights: {shown(elsewhere, 80)}",
            hint="Remove transformers_weights from config.json, or name that file itself.",
        )
    ignored = {*_NOT_THE_MODEL, "transformers_weights"}
    return {
        key: value
        for key, value in config.items()
        if key not in ignored and not key.startswith("_")
    }


def _architecture(checkpoint: Checkpoint, settings: dict[str, Any]) -> tuple[Any, Any]:
    """The model class that `architectures` names, and its configuration."""
    import transformers

    if (own := own_classes(checkpoint, settings)) is not None:
        return own
    if settings.get("model_type") not in transformers.CONFIG_MAPPING and wants_code(checkpoint):
        raise UnsupportedModel(
            f"transformers has no model_type {shown(settings.get('model_type'), 60)}, and "
            "config.json asks to run code of its own (auto_map)",
            hint=TRUST_IT,
        )
    config = transformers.AutoConfig.for_model(**settings)
    name = architecture_of(settings)
    architecture: Any = getattr(transformers, name, None)
    if not (
        isinstance(architecture, type) and issubclass(architecture, transformers.PreTrainedModel)
    ):
        raise UnsupportedModel(
            f"transformers has no {shown(name, 80)}",
            hint=TRUST_IT if wants_code(checkpoint) else "Check architectures in config.json.",
        )
    if architecture.config_class is not type(config):
        raise UnsupportedModel(
            f"config.json names {name}, and model_type {shown(config.model_type, 80)}, "
            "which is another architecture",
            hint="Restore the config.json that was saved with the weights.",
        )
    return architecture, config


def _stored(checkpoint: Checkpoint) -> dict[str, Stored]:
    """What the weights hold, by name. Of safetensors only headers are read for it."""
    if checkpoint.format is CheckpointFormat.PICKLE:
        return {
            name: Stored(shape=tuple(tensor.shape), real=tensor.is_floating_point())
            for name, tensor in _tensors(checkpoint).items()
        }
    return {
        entry.name: Stored(shape=entry.shape, real=entry.dtype.startswith(("F", "BF")))
        for path in weight_files(checkpoint)
        for entry in read_header(path)
    }


def _tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    pickled = checkpoint.format is CheckpointFormat.PICKLE
    tensors: dict[str, torch.Tensor] = {}
    for path in weight_files(checkpoint):
        shard = pickled_tensors(path) if pickled else load_file(path)
        twice = sorted(tensors.keys() & shard.keys())
        if twice:
            raise UnsupportedModel(
                f"tensor {shown(twice[0], 80)} stands in more than one weight file",
                hint="Save the model again with save_pretrained().",
            )
        tensors |= shard
    return tensors


def _require_all_keys(said: Mapping[str, Any]) -> None:
    """A missing tensor would be filled at random, and a random head would be audited."""
    lacking = [str(key) for key in said.get("missing_keys", ()) if not key.endswith(_COUNTER)]
    lacking += [str(entry[0]) for entry in said.get("mismatched_keys", ())]
    if lacking:
        raise UnsupportedModel(
            f"{len(lacking)} tensors the architecture needs are missing or of another shape, "
            f"e.g. {shown(min(lacking), 80)}",
            hint=BELONG_TOGETHER,
        )
