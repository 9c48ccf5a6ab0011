"""A comparison of two models as reports show it."""

from __future__ import annotations

from auditor.changes import Change, Harm, Sequela, SequelaReport
from auditor.types import ModelFacts, Skip


def change(measure: str, before: float, after: float, **more: object) -> Change:
    said = {
        "measure": measure,
        "before": before,
        "after": after,
        "delta": after - before,
        "low": after - before - 0.05,
        "high": after - before + 0.05,
        "reference": 0.5,
        "worse": "higher",
        "observations": 200,
    }
    return Change(**(said | more))


def facts(source: str) -> ModelFacts:
    return ModelFacts(
        source=source,
        revision=None,
        digest="ab" * 32,
        format="safetensors",
        architecture="ResNetForImageClassification",
        task="image-classification",
        labels=("stop", "yield"),
        base_source=None,
        base_revision=None,
        files=(),
    )


HARMS = (
    Harm(
        component="membership",
        value=0.4,
        low=0.3,
        high=0.5,
        measure="membership.repair.loss.auc",
        against="before",
    ),
    Harm(component="accuracy", value=0.0, low=0.0, high=0.1, measure="accuracy", against="before"),
)
SEQUELA = Sequela(
    score=0.4,
    low=0.3,
    high=0.55,
    harms=HARMS,
    missing=("reactivation",),
    changes=(
        change("accuracy", 0.9, 0.91, worse="lower"),
        change("accuracy.class-0", 0.9, 0.7, worse="lower", label="stop"),
        change("accuracy.class-1", 0.9, 1.0, worse="lower", label="yield"),
        change("membership.repair.loss.auc", 0.5, 0.7),
        Change(
            measure="reinjection-fresh.smallest",
            before=25.0,
            after=None,
            delta=None,
            low=None,
            high=None,
            reference=None,
            worse="lower",
            observations=100,
        ),
    ),
    skips=(Skip(subject="reactivation", reason="no trigger is known", remedy="Give --entity."),),
    notices=("3 clean pictures are among the training data too",),
)
REPORT = SequelaReport(
    tool_version="0.1.0",
    started="2026-01-01T00:00:00Z",
    finished="2026-01-01T00:01:00Z",
    before=facts("org/before"),
    after=facts("org/after"),
    reference=None,
    settings={"seed": 0, "before": "org/before"},
    sequela=SEQUELA,
    seconds=60.0,
    peak_rss_bytes=500_000_000,
    device="cpu",
)
