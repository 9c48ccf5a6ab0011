"""Instances from a text-to-image pipeline of diffusers, an extra.

The pipeline is a stranger's too: weights come from safetensors alone and no code of its own runs.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from auditor.checkpoints.hub_errors import RepoKind
from auditor.checkpoints.hub_repository import repository, stays_offline
from auditor.checkpoints.source import HUB_SCHEME, hub_source, looks_like_a_path
from auditor.checkpoints.wording import shown
from auditor.entities.bank import EntityBank, Instance
from auditor.entities.making import Progress, silent
from auditor.entities.naming import slug, with_distinct_ids
from auditor.entities.synthesised.kept import Kept
from auditor.errors import AuditorError, EntityError, MissingPackage
from auditor.models.classifier import Pixels
from auditor.models.quiet import quiet_transformers
from auditor.types import Entity, InstanceSource

STAGE = "drawing instances with the diffusion model"
PROMPT = "a photograph of a {name}"
INDEX = "model_index.json"
_OTHERWISE = "Check its name, or use --entities base, rendered, or photographs."


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusionOrder:
    """What to draw with what.

    Attributes:
        model: `org/name`, `org/name@revision`, or a folder.
        entities: What to draw.
        instances: How many of each.
        device: cpu or cuda[:N].
        offline: Use the local cache only.
        seed: Decides every picture.
        steps: Denoising steps.
        size: Side of an instance in pixels, to which the pipeline's own size is reduced.
    """

    model: str
    entities: tuple[Entity, ...]
    instances: int
    device: str
    offline: bool = False
    seed: int = 0
    steps: int = 25
    size: int = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """Where the pipeline is: a folder here, or a repository at a commit; `digest` names it."""

    name: str
    revision: str | None
    digest: str


def diffusion_bank(
    order: DiffusionOrder, *, cache: Path | None = None, progress: Progress = silent
) -> EntityBank:
    """Draw instances of named things; what was drawn before is taken from the cache.

    Raises:
        EntityError: The model cannot be reached, is no text-to-image pipeline in safetensors, or
            fails; or there is nothing to draw.
        MissingPackage: diffusers is not installed.
    """
    if len(order.entities) < 2:
        raise EntityError(
            f"{len(order.entities)} names are too few for a diffusion model to draw",
            hint="At least 2 are needed, so that one can stand out from the others.",
        )
    place = _find(order)
    kept = Kept.of(place.digest, _key(order), cache)
    rounds = _rounds(order, place, kept, progress)

    def draw(entity: int, instance: int) -> Instance:
        name = f"diffusion/{order.entities[entity].id}/{instance}"
        return Instance(name, Image.fromarray(rounds[instance][entity].transpose(1, 2, 0)))

    return EntityBank(
        source=f"diffusion:{order.model}",
        instance_source=InstanceSource.DIFFUSION,
        entities=order.entities,
        counts=(order.instances,) * len(order.entities),
        draw=draw,
        why=f"{order.steps} steps, {PROMPT.format(name='...')!r}",
        revision=place.revision,
    )


def entities_of(names: Sequence[str]) -> tuple[Entity, ...]:
    """Names as entities to be drawn."""
    kind = InstanceSource.DIFFUSION
    return with_distinct_ids(Entity(id=slug(name), name=name, source=kind) for name in names)


def _find(order: DiffusionOrder) -> _Place:
    """The pipeline at one commit; nothing of it is downloaded yet."""
    folder = Path(order.model).expanduser()
    if folder.is_dir():
        return _Place(name=str(folder), revision=None, digest=_digest(folder))
    try:
        name = order.model.removeprefix(HUB_SCHEME)
        source = None if looks_like_a_path(order.model) else hub_source(name)
        if source is None:
            raise _unreachable(order, "no such folder, and no name on the Hub")
        hub = repository(source, RepoKind.MODEL, token=None, cache_dir=None, progress=None)
        if stays_offline(order.offline):
            root = hub.cached()
            return _Place(name=str(root), revision=root.name, digest=_digest_of(root.name))
        commit, _ = hub.listing()
    except EntityError:
        raise
    except AuditorError as error:
        raise _unreachable(order, error.message, f"{error.hint}.") from error
    return _Place(name=source.repo_id, revision=commit, digest=_digest_of(commit))


def _digest(folder: Path) -> str:
    """Of a pipeline on disk: its index, and the names and sizes of its weights."""
    index = folder / INDEX
    said = [index.read_text(encoding="utf-8", errors="replace") if index.is_file() else ""]
    for path in sorted(folder.rglob("*.safetensors")):
        facts = path.stat()
        said.append(f"{path.relative_to(folder)} {facts.st_size} {facts.st_mtime_ns}")
    return _digest_of("\n".join(said))


def _digest_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _key(order: DiffusionOrder) -> str:
    names = [entity.name for entity in order.entities]
    return _digest_of(repr((names, order.seed, order.steps, order.size, PROMPT)))[:16]


def _rounds(order: DiffusionOrder, place: _Place, kept: Kept, progress: Progress) -> list[Pixels]:
    """One picture of every entity, as often as instances are wanted."""
    shape = (len(order.entities), 3, order.size, order.size)
    rounds: list[Pixels] = []
    pipeline: Any = None
    for instance in range(order.instances):
        made = kept.read(instance, shape)
        if made is None:
            pipeline = pipeline or _open(order, place)
            pictures = []
            for number, entity in enumerate(order.entities):
                pictures.append(_picture(pipeline, order, entity, instance))
                done = instance * len(order.entities) + number + 1
                progress(STAGE, done, order.instances * len(order.entities))
            made = np.stack(pictures)
            kept.write(instance, made)
        rounds.append(made)
    return rounds


def _open(order: DiffusionOrder, place: _Place) -> Any:
    try:
        from diffusers import AutoPipelineForText2Image
    except ImportError as error:
        raise MissingPackage(
            f"--entities diffusion needs the package {error.name}",
            hint="In a clone of auditor: pip install --constraint constraints.txt '.[diffusion]'",
        ) from error
    loader: Any = AutoPipelineForText2Image
    here = Path(place.name).is_dir()
    try:
        with quiet_transformers(), _quiet_diffusers():
            pipeline = loader.from_pretrained(
                place.name,
                revision=None if here else place.revision,
                local_files_only=here,
                use_safetensors=True,
                trust_remote_code=False,
                low_cpu_mem_usage=False,  # what accelerate would be needed for
            ).to(order.device)
    except Exception as error:  # each kind of pipeline complains in its own way
        raise _unreachable(order, _said(error)) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


@contextlib.contextmanager
def _quiet_diffusers() -> Iterator[None]:
    """Silence diffusers while it loads: standard error belongs to auditor."""
    import diffusers.utils.logging

    logging: Any = diffusers.utils.logging
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(verbosity)
        logging.enable_progress_bar()


def _picture(pipeline: Any, order: DiffusionOrder, entity: Entity, instance: int) -> Pixels:
    """`(3, S, S)`; the same whatever was drawn before it."""
    import torch

    seed = int(_digest_of(f"{order.seed}/{entity.id}/{instance}")[:15], 16)
    try:
        made = pipeline(
            PROMPT.format(name=entity.name),
            num_inference_steps=order.steps,
            generator=torch.Generator().manual_seed(seed),
        ).images[0]
    except Exception as error:
        raise EntityError(
            f"the diffusion model {shown(order.model)} fails on {shown(entity.name, 60)!r}: "
            f"{_said(error)}",
            hint=_OTHERWISE,
        ) from error
    small = made.convert("RGB").resize((order.size, order.size), Image.Resampling.LANCZOS)
    return np.asarray(small, dtype=np.uint8).transpose(2, 0, 1)


def _unreachable(order: DiffusionOrder, why: str, more: str = "") -> EntityError:
    return EntityError(
        f"the diffusion model {shown(order.model)} cannot be used: {why}",
        hint=f"{more} {_OTHERWISE}".strip(),
    )


def _said(error: BaseException) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return shown(lines[0], 200)
