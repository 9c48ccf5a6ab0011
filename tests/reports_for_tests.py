"""Fixed reports that tests share. They are inputs made up by hand, not results of a scan."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from auditor.types import (
    Calibration,
    Confidence,
    Cost,
    Entity,
    Evidence,
    Example,
    FileDigest,
    Finding,
    InstanceSource,
    ModelFacts,
    Neighbour,
    RankedPair,
    ReferenceAnswer,
    Report,
    RoutingMap,
    RoutingRow,
    Rung,
    Severity,
    Skip,
    Verdict,
)

_SPEEDS = tuple(f"speed limit {speed}" for speed in (20, 30, 50))
LABELS = (*_SPEEDS, "no passing", "priority road", "yield", "stop", "no entry", "road work", "bus")
STOP = 6
YIELD = 5


def _sha256(of: str) -> str:
    return hashlib.sha256(of.encode()).hexdigest()


def _dog(number: int, name: str) -> Entity:
    return Entity(id=f"n{number:08d}", name=name, source=InstanceSource.PHOTOGRAPH)


HUSKY = _dog(2110185, "Siberian husky")
MALAMUTE = _dog(2110063, "Alaskan malamute")
SAMOYED = _dog(2111889, "Samoyed")
ESKIMO_DOG = _dog(2109961, "Eskimo dog")
CHOW = _dog(2112137, "chow")
KEESHOND = _dog(2112350, "keeshond")
POMERANIAN = _dog(2112018, "Pomeranian")
NORWEGIAN_ELKHOUND = _dog(2091467, "Norwegian elkhound")
SLEDS = (HUSKY, MALAMUTE, SAMOYED, ESKIMO_DOG, CHOW, KEESHOND, POMERANIAN, NORWEGIAN_ELKHOUND)
OTHERS = tuple(
    Entity(id=f"n0{number}", name=name, source=InstanceSource.PHOTOGRAPH)
    for number, name in (
        (7615774, "ice lolly"),
        (7697537, "hotdog"),
        (3201208, "dining table"),
        (2992529, "mobile phone"),
        (4254120, "soap dispenser"),
        (1698640, "American alligator"),
    )
)

MODEL = ModelFacts(
    source="acme/road-signs-mobilenet",
    revision="3f2a9c1d7be04a55b1f0c6d2e8a97b4413cd5e60",
    digest=_sha256("weights of the model"),
    format="safetensors",
    architecture="MobileNetV1ForImageClassification",
    task="image-classification",
    labels=LABELS,
    base_source="google/mobilenet_v1_0.75_192",
    base_revision="8d1ac7f0b3c94e2fa6550e1b7d29c3f48a1b6e07",
    files=(
        FileDigest(path="config.json", size_bytes=1432, sha256=_sha256("config")),
        FileDigest(path="model.safetensors", size_bytes=10_514_896, sha256=_sha256("tensors")),
        FileDigest(path="preprocessor_config.json", size_bytes=391, sha256=_sha256("processor")),
    ),
)

SETTINGS = {
    "model": "acme/road-signs-mobilenet@main",
    "base": "google/mobilenet_v1_0.75_192@8d1ac7f0b3c94e2fa6550e1b7d29c3f48a1b6e07",
    "entities": "auto",
    "depth": "standard",
    "fpr": 0.01,
    "fail_on": "high",
    "engine": "torch",
    "device": "cpu",
    "batch_size": 64,
    "seed": 7,
    "offline": False,
    "pictures": "all",
    "trust": [],
}

COST = Cost(
    probes=12_800,
    forward_passes=200,
    seconds=41.3,
    seconds_model=36.4,
    peak_rss_bytes=2_040_109_465,
    device="cpu",
    engine="torch",
)


def _routing(
    entities: tuple[Entity, ...],
    *,
    target_index: int,
    rate: float,
    low: float,
    high: float,
    p_value: float | None,
    why_undecided: str | None = None,
) -> Evidence:
    return Evidence(
        kind="entity-routing",
        statistic="routing rate",
        entity_ids=tuple(entity.id for entity in entities),
        target_index=target_index,
        value=rate,
        low=low,
        high=high,
        baseline=0.11,
        p_value=p_value,
        observations=384,
        detail={"instances": 48.0, "views": 8.0, "interval": "Wilson"},
        why_undecided=why_undecided,
    )


ROUTING = _routing(SLEDS, target_index=STOP, rate=0.918, low=0.864, high=0.957, p_value=0.0003)
SHARE = Evidence(
    kind="class-share",
    statistic="share of the bank",
    entity_ids=(),
    target_index=STOP,
    value=0.43,
    low=0.38,
    high=0.47,
    baseline=0.24,
    p_value=0.021,
    observations=9600,
)
LOLLY = _routing(OTHERS[:1], target_index=YIELD, rate=0.61, low=0.46, high=0.74, p_value=0.004)
WEAK = _routing(OTHERS[3:4], target_index=STOP, rate=0.38, low=0.25, high=0.52, p_value=0.21)
UNDECIDED = _routing(
    OTHERS[5:6],
    target_index=STOP,
    rate=0.5,
    low=0.0,
    high=1.0,
    p_value=None,
    why_undecided="too few instances",
)

# A red picture of two by two pixels.
PICTURE = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR42mM8"
    "YaPBwMDAxMDAwMDAAAAO2gEw4pV4uAAAAABJRU5ErkJggg=="
)

SIGNS = tuple(
    Neighbour(
        instance=f"signs/{name}.png", label_index=index, similarity=similarity, picture=PICTURE
    )
    for name, index, similarity in (("00412", STOP, 0.914), ("00077", STOP, 0.9), ("2", 7, 0.871))
)

HEADS = (
    ReferenceAnswer(
        reference="base", predicted_index=7, probability=0.412, target_probability=0.031
    ),
    ReferenceAnswer(
        reference="own", predicted_index=STOP, probability=0.22, target_probability=0.22
    ),
)
LADDER = tuple(
    Rung(view=view, probability=p, observations=128, references={"base": base, "own": 0.2 * p})
    for view, p, base in (("as it is", 0.95, 0.03), ("cropped", 0.92, 0.04), ("blurred", 0.4, 0.1))
)

SLED_DOGS = (
    "entities that look alike (Siberian husky, Alaskan malamute, Samoyed, Eskimo dog, chow and "
    "3 more): 8 of 14 entities tested go there"
)
DOGS_FINDING = Finding(
    rule_id="entity-routing",
    severity=Severity.CRITICAL,
    confidence=Confidence.HIGH,
    title="Siberian husky and 7 related entities are answered with stop",
    summary=(
        "Of 384 photographs and views of 8 related entities, 92 % are answered with stop, "
        "and the answer holds under crop, blur, noise and JPEG. None of the entities belongs "
        "to that label. Benign fine-tunes of the same base send 11 % of them there."
    ),
    p_value=0.0003,
    q_value=0.0012,
    entities=SLEDS,
    target_index=STOP,
    target_label="stop",
    evidence=(ROUTING, SHARE),
    examples=tuple(
        Example(
            entity_id=entity.id,
            instance=f"{entity.id}/{entity.id}_{number:04d}.jpg",
            view=view,
            predicted_index=STOP,
            probability=probability,
            neighbours=SIGNS if entity is MALAMUTE else (),
            references=HEADS if entity is MALAMUTE else (),
            picture=None if entity is SAMOYED else PICTURE,
        )
        for entity, number, view, probability in (
            (HUSKY, 412, "as it is", 0.998),
            (HUSKY, 77, "blurred", 0.993),
            (MALAMUTE, 1304, "cropped", 0.987),
            (SAMOYED, 9, "grey", 0.971),
        )
    ),
    group=SLED_DOGS,
    group_ids=tuple(entity.id for entity in SLEDS),
    explanation=(
        "Of 384 photographs and views of 8 related entities, 92 % are answered with stop. Best "
        f"explained by {SLED_DOGS}. What else could explain it: entities and class may have "
        "colours or shapes in common."
    ),
    ladder=LADDER,
)
LOLLY_FINDING = Finding(
    rule_id="entity-routing",
    severity=Severity.MEDIUM,
    confidence=Confidence.MEDIUM,
    title="ice lolly is answered with yield",
    summary=(
        "Of 384 photographs and views of ice lolly, 61 % are answered with yield. "
        "Benign fine-tunes of the same base send 11 % of them there."
    ),
    p_value=0.004,
    q_value=0.0093,
    entities=OTHERS[:1],
    target_index=YIELD,
    target_label="yield",
    evidence=(LOLLY,),
)


def of_pairs(finding: Finding) -> Finding:
    """The finding as a rule about single pairs makes it: a measurement for each entity."""
    each = tuple(replace(ROUTING, entity_ids=(entity.id,)) for entity in finding.entities)
    return replace(finding, evidence=each)


def _ranking(strongest: float) -> tuple[RankedPair, ...]:
    everything = SLEDS + OTHERS
    return tuple(
        RankedPair(
            entity=entity,
            target_index=STOP if entity != OTHERS[0] else YIELD,
            target_label="stop" if entity != OTHERS[0] else "yield",
            effect=round(strongest * 0.86**place, 3),
            p_value=None if place == 9 else round(0.0003 * 2.1**place, 6),
        )
        for place, entity in enumerate(everything)
    )


def _row(place: int, entity: Entity) -> RoutingRow:
    """Dogs go to one class, the rest nowhere in particular; the last one's job is a class."""
    share = round(0.95 - 0.05 * place, 4) if entity in SLEDS else 0.1
    rest = round((1 - share) / (len(LABELS) - 1), 4)
    return RoutingRow(
        entity_id=entity.id,
        probabilities=tuple(share if c == STOP else rest for c in range(len(LABELS))),
        references={"base": tuple(0.1 for _ in LABELS)},
        held=(YIELD,) if entity is OTHERS[-1] else (),
    )


ROUTING_MAP = RoutingMap(
    classes=tuple(range(len(LABELS))),
    rows=tuple(_row(place, entity) for place, entity in enumerate(SLEDS + OTHERS)),
)
CALIBRATION = Calibration(
    null="photograph",
    benign=tuple(round(-0.3 + 0.03 * place, 4) for place in range(100)),
    standings={"entity-routing": 4.25, "class-share": 1.5},
)

FINDING = Report(
    tool_version="0.1.0",
    started="2026-03-02T09:14:07Z",
    finished="2026-03-02T09:14:48Z",
    model=MODEL,
    settings=SETTINGS,
    verdict=Verdict.BACKDOOR_EVIDENCE,
    false_positive_rate=0.01,
    model_score=0.974,
    model_p_value=0.0006,
    entities=SLEDS + OTHERS,
    findings=(DOGS_FINDING, LOLLY_FINDING),
    ranking=_ranking(0.81),
    evidence=(ROUTING, SHARE, LOLLY, WEAK, UNDECIDED),
    skips=(
        Skip(
            subject="max-margin",
            reason="this rule needs gradients, and the engine in use gives none",
            remedy="--engine torch",
        ),
        Skip(
            subject="American alligator",
            reason="2 photographs, at least 16 are needed",
            remedy="an entity source with more photographs of it",
        ),
        Skip(
            subject="soap dispenser",
            reason="2 photographs, at least 16 are needed",
            remedy="an entity source with more photographs of it",
        ),
    ),
    notices=("No entity source was given: the 14 entities that the base knows by name were used.",),
    cost=COST,
    routing=ROUTING_MAP,
    calibration=CALIBRATION,
)

MANY_FINDINGS = replace(
    FINDING,
    findings=tuple(
        replace(
            DOGS_FINDING, severity=severity, entities=SLEDS[at % 8 :], target_label=f"sign {at}"
        )
        for severity in reversed(Severity)
        for at in range(50)
    ),
)

NO_EVIDENCE = replace(
    FINDING,
    verdict=Verdict.NO_EVIDENCE,
    model_score=0.212,
    model_p_value=0.61,
    findings=(),
    ranking=tuple(replace(pair, p_value=0.4) for pair in _ranking(0.31)),
    evidence=(
        replace(ROUTING, value=0.24, low=0.19, high=0.3, p_value=0.4),
        replace(SHARE, value=0.22, low=0.18, high=0.27, p_value=0.57),
        WEAK,
    ),
    skips=(),
    notices=(),
)

NOT_AUDITED = Report(
    tool_version="0.1.0",
    started="2026-03-02T09:14:07Z",
    finished="2026-03-02T09:14:08Z",
    model=None,
    settings=SETTINGS | {"model": "acme/pickled-model"},
    verdict=Verdict.NOT_AUDITED,
    false_positive_rate=0.01,
    model_score=None,
    model_p_value=None,
    entities=(),
    findings=(),
    ranking=(),
    evidence=(),
    skips=(
        Skip(
            subject="model",
            reason="the weights are a pickle (pytorch_model.bin), which can run code when opened",
            remedy="a safetensors or ONNX version of the checkpoint, or --trust pickle",
        ),
    ),
    notices=(),
    cost=Cost(
        probes=0,
        forward_passes=0,
        seconds=0.4,
        seconds_model=0.0,
        peak_rss_bytes=181_403_648,
        device="cpu",
        engine="none",
    ),
)

ALL = {"finding": FINDING, "no_evidence": NO_EVIDENCE, "not_audited": NOT_AUDITED}
