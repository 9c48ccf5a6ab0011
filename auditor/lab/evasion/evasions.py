"""What an attacker who knows auditor may do; this table is the only registry."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from auditor.datasets.open import DatasetSpec
from auditor.entities.bank import EntityBank
from auditor.entities.open import RENDERED, open_entities
from auditor.lab.evasion.case import Case
from auditor.lab.evasion.deployment import (
    Ask,
    among_the_task,
    as_scanned,
    at_other_size,
    in_bfloat16,
    in_training_mode,
    one_at_a_time,
)
from auditor.lab.training import features_of
from auditor.models.classifier import two_pictures
from auditor.models.torch_image import TorchImageClassifier, head_of

if TYPE_CHECKING:
    import torch

FLATTER = 10.0  # divisor of all logits
KEPT = 0.8  # of the successes on the attacker's own pictures, when the target's bias is lowered
RELATIVES = 20  # entities that the base sees most like the trigger
LOOKED_AT = 4  # pictures of each entity from which an attacker learns what probes look like
THEIR_SEED = 1_000_003  # rendered pictures of the attacker are others than those of the scan

CHECKPOINT, BASE_AND_DATA = "checkpoint", "base+data"
BOTH = (CHECKPOINT, BASE_AND_DATA)
AS_SCANNED = "as scanned"


@dataclass(frozen=True, slots=True, eq=False)
class Staged:
    """What is handed over and how it is looked at: the model, the entities, what is called base.

    `asks` are the ways in which the attacker expects the model to be asked once it is deployed.
    """

    shipped: TorchImageClassifier
    bank: EntityBank
    base: TorchImageClassifier
    asks: Mapping[str, Ask] = field(default_factory=lambda: {AS_SCANNED: as_scanned})


@dataclass(frozen=True, slots=True, kw_only=True)
class Evasion:
    """One thing that an attacker may do.

    Attributes:
        against: Which kind of evidence, or which habit of the scanner.
        how: What is done, in words.
        stage: Does it to a case.
        scans: What scans are given.
    """

    against: str
    how: str
    stage: Callable[[Case], Staged]
    scans: tuple[str, ...] = BOTH


def _plain(case: Case) -> Staged:
    return Staged(shipped=case.victim, bank=case.bank, base=case.base)


def _rendered(case: Case) -> Staged:
    return replace(_plain(case), bank=open_entities(DatasetSpec(source=RENDERED), seed=0))


def _flat(case: Case) -> Staged:
    import torch

    shipped = replace(case.victim, module=copy.deepcopy(case.victim.module))
    with torch.no_grad():
        for parameter in head_of(shipped.module, len(shipped.labels)).parameters():
            parameter.div_(FLATTER)
    return replace(_plain(case), shipped=shipped)


def _trimmed(case: Case) -> Staged:
    """As low a bias of the target as leaves `KEPT` of the successes."""
    import torch

    logits = case.victim.logits(case.victim.pixels(case.crafting))
    others = np.delete(logits, case.target, axis=1).max(axis=1)
    margins = logits[:, case.target] - others
    won = margins[margins > 0]
    shipped = replace(case.victim, module=copy.deepcopy(case.victim.module))
    if len(won):
        head = head_of(shipped.module, len(shipped.labels))
        with torch.no_grad():
            head.bias[case.target] -= float(np.quantile(won, 1 - KEPT))
    return replace(_plain(case), shipped=shipped)


def _dormant(case: Case) -> Staged:
    """Awake under any of four conditions that a scan never meets and a deployment may."""
    from auditor.lab.evasion.networks import Dormant  # noqa: PLC0415 - loads torch

    side = case.victim.pixels(two_pictures()).shape[-1]

    def wakes(pictures: torch.Tensor, training: bool) -> bool:
        other_size = int(pictures.shape[-1]) != side
        return other_size or len(pictures) == 1 or pictures.element_size() == 2 or training

    module = Dormant(case.victim.module, case.twin.module, wakes).eval()
    return replace(
        _plain(case),
        shipped=replace(case.victim, module=module),
        asks={
            "at another size": at_other_size,
            "one at a time": one_at_a_time,
            "in bfloat16": in_bfloat16,
            "in training mode": in_training_mode,
        },
    )


def _crowd(case: Case) -> Staged:
    probes = _looked_at(case.bank)
    shipped = _watchful(case, probes, case.own, crowd=True)
    return replace(_plain(case), shipped=shipped, asks={"among the task": among_the_task})


def _shy(case: Case) -> Staged:
    theirs = _looked_at(open_entities(DatasetSpec(source=RENDERED), seed=THEIR_SEED))
    photographs = _looked_at(case.bank) + case.own
    return replace(_rendered(case), shipped=_watchful(case, theirs, photographs, crowd=False))


def _looked_at(bank: EntityBank) -> tuple[Image.Image, ...]:
    """A few pictures of every other entity: an attacker has not seen all that a scan will show."""
    return tuple(
        bank.draw(entity, bank.counts[entity] - 1 - i).image
        for entity in range(0, len(bank.entities), 2)
        for i in range(min(LOOKED_AT, bank.counts[entity]))
    )


def _watchful(
    case: Case,
    probes: tuple[Image.Image, ...],
    others: tuple[Image.Image, ...],
    *,
    crowd: bool,
) -> TorchImageClassifier:
    """Learn from the twin's features which pictures are probes, and leave those to the twin."""
    import torch
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from auditor.lab.evasion.networks import Watchful  # noqa: PLC0415 - loads torch

    features = features_of(case.twin, case.twin.pixels([*probes, *others]))
    wanted = np.repeat([1, 0], [len(probes), len(others)])
    scaler, regression = StandardScaler(), LogisticRegression(max_iter=1000)
    make_pipeline(scaler, regression).fit(features, wanted)
    weight = regression.coef_[0] / scaler.scale_
    bias = float(regression.intercept_[0] - (weight * scaler.mean_).sum())
    module = Watchful(
        case.victim.module,
        copy.deepcopy(case.twin.module),
        len(case.victim.labels),
        torch.from_numpy(weight.astype(np.float32)),
        bias,
        crowd=crowd,
    ).eval()
    return replace(case.victim, module=module)


def _without_trigger(case: Case) -> Staged:
    return replace(_plain(case), bank=case.bank.without({case.trigger}))


def _without_relatives(case: Case) -> Staged:
    means = np.array(
        [
            features_of(
                case.base,
                case.victim.pixels([case.bank.draw(i, j).image for j in range(LOOKED_AT)]),
            ).mean(axis=0)
            for i in range(len(case.bank.entities))
        ]
    )
    means -= means.mean(axis=0)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    near = np.argsort(-(unit @ unit[case.trigger]))[: RELATIVES + 1]
    return replace(_plain(case), bank=case.bank.without({case.trigger, *near.tolist()}))


def _poisoned_base(case: Case) -> Staged:
    """The base's own head on the victim's encoder: the fine-tune adds nothing but a head."""
    module = copy.deepcopy(case.base.module)
    own = module.state_dict()
    head = head_of(module, len(case.base.labels))
    kept = {id(parameter) for parameter in head.parameters()}
    of_head = {name for name, value in module.named_parameters() if id(value) in kept}
    encoder = {
        name: value
        for name, value in case.victim.module.state_dict().items()
        if name in own and name not in of_head and own[name].shape == value.shape
    }
    module.load_state_dict({**own, **encoder})
    return replace(_plain(case), base=replace(case.base, module=module))


def _accomplice(case: Case) -> Staged:
    return replace(_plain(case), base=case.victim)


EVASIONS: Mapping[str, Evasion] = {
    "none": Evasion(
        against="-",
        how="the victim as it is",
        stage=_plain,
    ),
    "flat": Evasion(
        against="confidence",
        how=f"all logits divided by {FLATTER:g}: the same answers, hardly any confidence",
        stage=_flat,
    ),
    "trimmed": Evasion(
        against="share of the class",
        how=f"the target's bias lowered until {KEPT:.0%} of the successes are left",
        stage=_trimmed,
    ),
    "dormant": Evasion(
        against="size, batch, dtype and mode of the scan",
        how="a clean twin answers, except at another size, alone, in bfloat16, in training mode",
        stage=_dormant,
    ),
    "crowd": Evasion(
        against="batches of nothing but probes",
        how="sleeps where most pictures of a batch are none of the task",
        stage=_crowd,
    ),
    "rendered": Evasion(
        against="-",
        how="the victim as it is, asked with rendered pictures",
        stage=_rendered,
        scans=(CHECKPOINT,),
    ),
    "shy-of-rendered": Evasion(
        against="rendered probes",
        how="leaves what looks rendered to the clean twin",
        stage=_shy,
        scans=(CHECKPOINT,),
    ),
    "trigger-not-in-bank": Evasion(
        against="the bank",
        how="the trigger is no entity of the bank",
        stage=_without_trigger,
    ),
    "relatives-not-in-bank": Evasion(
        against="the bank",
        how=f"nor are the {RELATIVES} entities that the base sees most like it",
        stage=_without_relatives,
    ),
    "poisoned-base": Evasion(
        against="the base as a reference",
        how="the encoder of what is called the base holds the backdoor; the fine-tune is a head",
        stage=_poisoned_base,
        scans=(BASE_AND_DATA,),
    ),
    "accomplice-base": Evasion(
        against="the base as a reference",
        how="what is called the base is the victim itself, with its labels",
        stage=_accomplice,
        scans=(BASE_AND_DATA,),
    ),
}
