"""Checkpoint -> torch module: exactly the files that were inspected, and nothing at random.

transformers would choose the weight file, the adapter and the code by itself, from what stands
in the folder and in `config.json`. So it is handed the configuration and the tensors instead:
what is audited is what the report's digests are of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from auditor.checkpoints.classifier import architecture_of
from auditor.checkpoints.inspect import weight_files
from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel
from auditor.models.preprocessing import first_line
from auditor.models.quiet import quiet_transformers
from auditor.types import Checkpoint

if TYPE_CHECKING:
    import torch
    from torch import nn

# They choose code, kernels or files rather than describe the model.
_NOT_THE_MODEL = frozenset(
    {"attn_implementation", "auto_map", "experts_implementation", "fusion_config"}
)
# Counts training batches; evaluation does not look at it, and other frameworks do not write it.
_COUNTER = "num_batches_tracked"
_BELONG_TOGETHER = "Check that config.json and the weights belong together."


def load_module(checkpoint: Checkpoint) -> nn.Module:
    """Build the architecture that the config names and fill it; every tensor must be there.

    Raises:
        UnsupportedModel: transformers has no such image classifier, or the weights do not fit.
    """
    import torch

    settings = _settings(checkpoint)
    try:
        with quiet_transformers():
            architecture, config = _architecture(settings)
            tensors = _tensors(checkpoint)
            _require_enough(tensors, architecture, config)
            module, said = architecture.from_pretrained(
                None,
                config=config,
                state_dict=tensors,
                dtype=torch.float32,
                local_files_only=True,
                output_loading_info=True,
            )
    except (UnsupportedModel, ModuleNotFoundError):
        raise
    except Exception as error:  # whatever a stranger's config provokes in transformers
        raise UnsupportedModel(
            f"the weights cannot be loaded as an image classifier: {first_line(error)}",
            hint=_BELONG_TOGETHER,
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


def _architecture(settings: dict[str, Any]) -> tuple[Any, Any]:
    """The model class that `architectures` names, and its configuration."""
    import transformers

    config = transformers.AutoConfig.for_model(**settings)
    name = architecture_of(settings)
    architecture: Any = getattr(transformers, name, None)
    if not (
        isinstance(architecture, type) and issubclass(architecture, transformers.PreTrainedModel)
    ):
        raise UnsupportedModel(
            f"transformers has no {shown(name, 80)}",
            hint="auditor does not run code that comes with a model.",
        )
    if architecture.config_class is not type(config):
        raise UnsupportedModel(
            f"config.json names {name}, and model_type {shown(config.model_type, 80)}, "
            "which is another architecture",
            hint="Restore the config.json that was saved with the weights.",
        )
    return architecture, config


def _tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    tensors: dict[str, torch.Tensor] = {}
    for path in weight_files(checkpoint):
        shard = load_file(path)
        twice = sorted(tensors.keys() & shard.keys())
        if twice:
            raise UnsupportedModel(
                f"tensor {shown(twice[0], 80)} stands in more than one weight file",
                hint="Save the model again with save_pretrained().",
            )
        tensors |= shard
    return tensors


def _require_enough(tensors: Mapping[str, torch.Tensor], architecture: Any, config: Any) -> None:
    """Find out by counting that tensors are missing, before memory is spent on their places."""
    import torch

    with torch.device("meta"):
        needed = sum(parameter.numel() for parameter in architecture(config).parameters())
    there = sum(tensor.numel() for tensor in tensors.values())
    if needed > there:
        raise UnsupportedModel(
            f"the architecture of config.json has {needed:,} parameters, "
            f"the weights hold {there:,}",
            hint=_BELONG_TOGETHER,
        )


def _require_all_keys(said: Mapping[str, Any]) -> None:
    """A missing tensor would be filled at random, and a random head would be audited."""
    lacking = [str(key) for key in said.get("missing_keys", ()) if not key.endswith(_COUNTER)]
    lacking += [str(entry[0]) for entry in said.get("mismatched_keys", ())]
    if lacking:
        raise UnsupportedModel(
            f"{len(lacking)} tensors the architecture needs are missing or of another shape, "
            f"e.g. {shown(min(lacking), 80)}",
            hint=_BELONG_TOGETHER,
        )
