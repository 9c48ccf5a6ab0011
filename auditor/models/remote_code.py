"""Code that comes with a model (`auto_map`): run only where the user accepts that risk.

transformers imports it from the folder. What it does then is nobody's promise: it has the rights
of the process that runs it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from auditor.checkpoints.wording import shown
from auditor.errors import UnsupportedModel
from auditor.types import Checkpoint, Trust

TRUST_IT = "--trust remote-code would run it with the rights of this process: read it first."
_MODEL = "AutoModelForImageClassification"
_CONFIG = "AutoConfig"
_ELSEWHERE = "--"  # how transformers writes code of another repository
# What a config may ask to run; none of it is looked at without --trust remote-code.
_ASKING = ("auto_map", "custom_pipelines")


def wants_code(checkpoint: Checkpoint) -> bool:
    """Whether `config.json` asks to run code of its own."""
    return any(checkpoint.config.get(key) for key in _ASKING)


def own_classes(checkpoint: Checkpoint, settings: Mapping[str, Any]) -> tuple[Any, Any] | None:
    """The model class that comes with the model, and its configuration.

    Args:
        checkpoint: The model.
        settings: The part of `config.json` that describes it.

    Returns:
        None where the user does not trust its code, or it names none of its own for images.

    Raises:
        UnsupportedModel: It names code that does not lie in its folder.
        Exception: Whatever that code raises.
    """
    mapped = checkpoint.config.get("auto_map")
    hashed = code_of(checkpoint)
    if hashed is None or not isinstance(mapped, dict):
        return None
    require_code_here(mapped, hashed)
    if not all(isinstance(mapped.get(key), str) for key in (_MODEL, _CONFIG)):
        return None
    from transformers.dynamic_module_utils import get_class_from_dynamic_module

    load: Any = get_class_from_dynamic_module  # typed only in parts
    root = str(checkpoint.root)
    config, architecture = (
        load(mapped[key], root, local_files_only=True) for key in (_CONFIG, _MODEL)
    )
    return architecture, config(**settings)


def code_of(checkpoint: Checkpoint) -> frozenset[str] | None:
    """The files of code that were hashed; None where the user does not trust them."""
    if Trust.REMOTE_CODE not in checkpoint.trust:
        return None
    return frozenset(file.path for file in checkpoint.files if file.path.endswith(".py"))


def require_code_here(mapped: Mapping[str, Any], hashed: Collection[str]) -> None:
    """Refuse code of another repository, or in files that nobody hashed.

    Raises:
        UnsupportedModel: `auto_map` names some.
    """
    for reference in _references(mapped):
        module = reference.partition(".")[0]
        if _ELSEWHERE in reference or f"{module}.py" not in hashed:
            raise UnsupportedModel(
                f"auto_map names code that is not in the folder of the model: "
                f"{shown(reference, 80)}",
                hint="Get a copy whose code lies beside its weights; auditor fetches no other.",
            )


def _references(mapped: Mapping[str, Any]) -> Iterator[str]:
    for value in mapped.values():
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, str):
                yield each
