"""Which files of a folder or repository make up the checkpoint, decided by name alone.

The same choice is made of a folder's files and of a repository's listing, so the Hub is
asked only for what is needed, and the digest does not depend on where the model lies. What the
user trusts decides whether pickles and code may be part of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from auditor.checkpoints.json_file import MAX_INDEX_BYTES, read_json_object
from auditor.checkpoints.wording import shown
from auditor.errors import CheckpointError, UnsupportedModel
from auditor.types import CheckpointFormat, Trust

CONFIG = "config.json"
CARD = "README.md"
PROCESSORS = ("preprocessor_config.json", "processor_config.json")
COMPANIONS = (*PROCESSORS, CARD)
SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
ONNX = ("model.onnx", "onnx/model.onnx")
PICKLE = "pytorch_model.bin"
PICKLE_INDEX = "pytorch_model.bin.index.json"
ADAPTER = "adapter_config.json"
PICKLES = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
PICKLE_RISK = "a Python pickle, which can run code when it is loaded"
TRUST_PICKLE = "--trust pickle loads it as plain tensors (weights_only) and accepts what is left"

_CONVERT = "convert it: AutoModelForImageClassification.from_pretrained(...).save_pretrained()"
# Suffixes under which exporters put weights that are too large for the ONNX file itself.
_ONNX_DATA = (".data", "_data")
_OTHER_WEIGHTS = frozenset({".h5", ".msgpack", ".gguf", ".tflite", ".pb"})
_SHARD = re.compile(r"\w[\w.-]*\.(safetensors|bin)", re.ASCII)
_CODE = re.compile(r"\w[\w.-]*\.py", re.ASCII)
MAX_CODE_FILES = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The chosen files, as POSIX paths relative to the root.

    `weights` holds the weight files except shards; `index` is set where shards must be
    added with `shards_in`.
    """

    format: CheckpointFormat
    weights: tuple[str, ...]
    companions: tuple[str, ...]
    index: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Every file but the shards, `config.json` first."""
        index = () if self.index is None else (self.index,)
        return (CONFIG, *self.companions, *index, *self.weights)


def choose_layout(names: Collection[str], where: str, trust: Collection[Trust] = ()) -> Layout:
    """Choose the files of a checkpoint in Hub layout.

    Args:
        names: The files there are, as POSIX paths relative to the root.
        where: What the user called the model.
        trust: The risks that the user accepts.

    Returns:
        The files to read.

    Raises:
        CheckpointError: If there is no `config.json`, or no weight file that auditor opens.
        UnsupportedModel: If it is an adapter rather than a model.
    """
    require_config(names, where)
    if ADAPTER in names:
        # Beside whole weights too: whoever has peft installed would run the two together.
        raise _adapter(where)
    companions = _companions(names, trust)
    whole = _whole_or_sharded(CheckpointFormat.SAFETENSORS, (SINGLE, INDEX), names, companions)
    if whole is not None:
        return whole
    for name in ONNX:
        if name in names:
            return Layout(
                format=CheckpointFormat.ONNX,
                weights=with_external_data(name, names),
                companions=companions,
            )
    pickled = _whole_or_sharded(CheckpointFormat.PICKLE, (PICKLE, PICKLE_INDEX), names, companions)
    if pickled is not None and Trust.PICKLE in trust:
        return pickled
    raise _no_weights(names, where)


def _whole_or_sharded(
    kind: CheckpointFormat,
    usual: tuple[str, str],
    names: Collection[str],
    companions: tuple[str, ...],
) -> Layout | None:
    single, index = usual
    if single in names:
        return Layout(format=kind, weights=(single,), companions=companions)
    if index in names:
        return Layout(format=kind, weights=(), companions=companions, index=index)
    return None


def layout_of_file(
    name: str, names: Collection[str], where: str, trust: Collection[Trust] = ()
) -> Layout:
    """Choose the files that belong to one weight file which the user named.

    Args:
        name: The weight file.
        names: The files beside it.
        where: What the user called the model.
        trust: The risks that the user accepts.

    Returns:
        The files to read.

    Raises:
        CheckpointError: If there is no `config.json` beside it, or it is a pickle that the user
            does not trust.
    """
    is_pickle = PurePosixPath(name).suffix.lower() in PICKLES
    if is_pickle and Trust.PICKLE not in trust:
        raise CheckpointError(f"{shown(name)} is {PICKLE_RISK}", hint=f"{_CONVERT}; {TRUST_PICKLE}")
    require_config(names, where)
    companions = _companions(names, trust)
    if is_pickle:
        return Layout(format=CheckpointFormat.PICKLE, weights=(name,), companions=companions)
    if name.endswith(".onnx"):
        weights = with_external_data(name, names)
        return Layout(format=CheckpointFormat.ONNX, weights=weights, companions=companions)
    return Layout(format=CheckpointFormat.SAFETENSORS, weights=(name,), companions=companions)


def require_config(names: Collection[str], where: str) -> None:
    """Check that there is a `config.json`.

    Args:
        names: The files there are.
        where: What the user called the model.

    Raises:
        CheckpointError: If there is none.
        UnsupportedModel: If there is an adapter's configuration instead.
    """
    if CONFIG in names:
        return
    if ADAPTER in names:
        raise _adapter(where)
    raise CheckpointError(
        f"{shown(where)} has no config.json",
        hint="name a folder or repository in Hub layout: config.json beside the weights",
    )


def with_external_data(name: str, names: Collection[str]) -> tuple[str, ...]:
    """Add the files that hold an ONNX model's large tensors.

    Args:
        name: The `.onnx` file.
        names: The files there are.

    Returns:
        The file itself, then its data files.
    """
    return (name, *(name + end for end in _ONNX_DATA if name + end in names))


def shards_in(index: Path, names: Collection[str]) -> tuple[str, ...]:
    """Read which weight files an index file names.

    Args:
        index: The path of `model.safetensors.index.json`, or that of pickles.
        names: The files there are.

    Returns:
        The shards, sorted.

    Raises:
        CheckpointError: If the index is broken, or names a file that is missing or lies
            elsewhere.
    """
    mapping = read_json_object(index, limit_bytes=MAX_INDEX_BYTES).get("weight_map")
    if not isinstance(mapping, dict) or not mapping:
        raise CheckpointError(
            f"{index.name} has no weight_map", hint="download the model again, or save it anew"
        )
    ending = ".safetensors" if index.name == INDEX else ".bin"
    shards = sorted({shown(shard) for shard in mapping.values()})
    for shard in shards:
        if not _SHARD.fullmatch(shard) or not shard.endswith(ending):
            raise CheckpointError(
                f"{index.name} names {shard}, which is not a {ending} file of the same folder",
                hint="an index must not point elsewhere: do not load this model",
            )
        if shard not in names:
            raise CheckpointError(
                f"{index.name} names {shard}, which is missing",
                hint="the model is incomplete: download it again",
            )
    return tuple(shards)


def _companions(names: Collection[str], trust: Collection[Trust]) -> tuple[str, ...]:
    """What is read beside the weights; code only where the user accepts that it runs."""
    companions = tuple(name for name in COMPANIONS if name in names)
    if Trust.REMOTE_CODE not in trust:
        return companions
    code = sorted(name for name in names if _CODE.fullmatch(name))
    if len(code) > MAX_CODE_FILES:
        raise CheckpointError(
            f"the model has {len(code)} files of code of its own",
            hint=f"at most {MAX_CODE_FILES} are read: leave --trust remote-code out",
        )
    return (*companions, *code)


def _no_weights(names: Collection[str], where: str) -> CheckpointError:
    # The model itself before side files such as training_args.bin.
    for name in sorted(names, key=lambda name: ("model" not in name, name)):
        suffix = PurePosixPath(name).suffix.lower()
        if suffix in PICKLES:
            return CheckpointError(
                f"{shown(where)} has its weights only in {shown(name)}, {PICKLE_RISK}",
                hint=f"ask for safetensors, or in a sandbox {_CONVERT}; {TRUST_PICKLE}",
            )
        if suffix in _OTHER_WEIGHTS:
            return CheckpointError(
                f"{shown(where)} has its weights only in {shown(name)}, "
                "a format that auditor does not open",
                hint=f"ask for safetensors, or {_CONVERT}",
            )
    loose = sorted(name for name in names if name.endswith((".safetensors", ".onnx")))
    if loose:
        return CheckpointError(
            f"{shown(where)} has neither {SINGLE} nor {ONNX[0]}, only {shown(loose[0])}",
            hint="name that file itself, with config.json beside it",
        )
    return CheckpointError(
        f"{shown(where)} has no weights", hint=f"expected {SINGLE}, {INDEX} or {ONNX[0]}"
    )


def _adapter(where: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"{shown(where)} holds a PEFT adapter, not just a whole model",
        hint="merge it into its base (peft: merge_and_unload), save that, and audit the result",
    )
