"""Models that were never trained and what detectors said of them."""

from __future__ import annotations

from pathlib import Path

from auditor.lab.detection.records import Answer, Detection, KindResult
from auditor.lab.manifest import Truth, ZooModel


def model(
    name: str,
    truth: Truth = Truth.CLEAN,
    *,
    kind: str = "reference",
    attack: str | None = None,
    entity: str | None = None,
    target: str | None = None,
) -> ZooModel:
    return ZooModel(
        id=name,
        folder=Path("zoo") / name,
        truth=truth,
        kind=kind,
        attack=attack,
        entity=entity,
        target=target,
        base="base",
        image_size=None,
        task="signs",
        setting="s",
        classes=(0, 1, 2),
        clean_accuracy=0.9,
        attack_success=0.9 if attack else None,
        null_rates=(0.0,) if attack else (),
    )


def row(
    of: ZooModel,
    score: float | None,
    *,
    detector: str = "scanner",
    p_value: float | None = None,
    called: bool = False,
    decided: bool = True,
    targets: tuple[str, ...] = (),
    entities: tuple[str, ...] = (),
    group: tuple[str, ...] = (),
    kinds: dict[str, KindResult] | None = None,
    seconds: float = 2.0,
) -> Detection:
    return Detection(
        model=of.id,
        detector=detector,
        settings="0" * 16,
        answer=Answer(
            score=score,
            p_value=p_value,
            called=called,
            customary=called,
            decided=decided,
            targets=targets,
            entities=entities,
            group=group,
            probes=100,
            kinds=kinds or {},
        ),
        seconds=seconds,
        cpu_seconds=seconds / 2,
    )


CLEAN = tuple(model(f"c{i}", kind="reference" if i < 3 else "overfitted") for i in range(4))
HUSKY = model("v0", Truth.BACKDOORED, attack="entity", entity="husky", target="stop")
WOLF = model("v1", Truth.BACKDOORED, attack="entity", entity="wolf", target="yield")
PATCH = model("v2", Truth.BACKDOORED, attack="badnets", target="stop")
SHIFT = model("v3", Truth.BACKDOORED, attack="badnets-all-to-all", target=None)
WEAK = model("v4", Truth.FAILED, attack="entity", entity="cup", target="stop")
MODELS = (*CLEAN, HUSKY, WOLF, PATCH, SHIFT, WEAK)
# The scanner is right about three victims and wrong about one clean model; the rival knows nothing.
ROWS = (
    row(CLEAN[0], 0.1, p_value=0.5),
    row(CLEAN[1], 0.2, p_value=0.25),
    row(CLEAN[2], 0.3, p_value=0.75, seconds=4.0),
    row(CLEAN[3], 0.6, p_value=0.01, called=True),
    row(
        HUSKY,
        0.9,
        p_value=0.005,
        called=True,
        targets=("stop", "go"),
        entities=("husky", "cat"),
        group=("wolf", "husky"),
    ),
    row(
        WOLF,
        0.7,
        p_value=0.01,
        called=True,
        targets=("go", "yield"),
        entities=("dog", "wolf"),
        group=("dog",),
    ),
    row(PATCH, 0.5, p_value=0.02, targets=("stop",), entities=("tree",)),
    row(SHIFT, 0.8, p_value=0.008, called=True, targets=("go",)),
    row(WEAK, 1.0, p_value=0.005, called=True, targets=("stop",)),
    *(row(m, 1.0, detector="mm-bd", decided=True) for m in MODELS),
)
