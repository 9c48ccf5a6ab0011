"""The baselines as detectors: load the model, draw what they need, note what they say."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from auditor.checkpoints.resolve import resolve
from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec
from auditor.lab.baselines.head_weight import HeadWeightSettings, head_weight
from auditor.lab.baselines.mm_bd import MmBdSettings, mm_bd
from auditor.lab.baselines.neural_cleanse import NeuralCleanseSettings, neural_cleanse
from auditor.lab.baselines.suspicion import Suspicion
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.records import Answer
from auditor.lab.implant import open_task
from auditor.lab.manifest import ZooModel
from auditor.lab.task import build_set
from auditor.lab.training import TrainingSet
from auditor.models.torch_image import TorchImageClassifier, load_torch

MM_BD = MmBdSettings()
NEURAL_CLEANSE = NeuralCleanseSettings()
HEAD_WEIGHT = HeadWeightSettings()
Judge = Callable[[TorchImageClassifier, ZooModel, BenchContext, np.random.Generator], Suspicion]


def judging(judge: Judge) -> Callable[[ZooModel, BenchContext], Answer]:
    """A detector that is one of the baselines."""

    def detect(model: ZooModel, context: BenchContext) -> Answer:
        rng = np.random.default_rng([context.seed, zlib.crc32(model.id.encode())])
        classifier = load_torch(resolve(str(model.folder)), device="cpu")
        said = judge(classifier, model, context, rng)
        return answer_of(said, classifier.labels, context.fpr)

    return detect


def answer_of(said: Suspicion, labels: tuple[str, ...], fpr: float) -> Answer:
    """A baseline's answer as the benchmark keeps it."""
    return Answer(
        score=said.score,
        p_value=said.p_value,
        called=said.customary if said.p_value is None else said.p_value <= fpr,
        customary=said.customary,
        decided=True,
        targets=tuple(labels[c] for c in said.ranking),
        entities=(),
        probes=said.pictures,
    )


def by_mm_bd(
    classifier: TorchImageClassifier,
    _model: ZooModel,
    _context: BenchContext,
    rng: np.random.Generator,
) -> Suspicion:
    """MM-BD with its usual settings."""
    return mm_bd(classifier, MM_BD, rng)


def by_head_weight(
    classifier: TorchImageClassifier,
    _model: ZooModel,
    _context: BenchContext,
    _rng: np.random.Generator,
) -> Suspicion:
    """The outlier test of the last layer."""
    return head_weight(classifier, HEAD_WEIGHT)


def by_neural_cleanse(
    classifier: TorchImageClassifier,
    model: ZooModel,
    context: BenchContext,
    rng: np.random.Generator,
) -> Suspicion:
    """Neural Cleanse with clean pictures from the task's training split."""
    clean = clean_pictures(model, classifier, context)
    return neural_cleanse(classifier, clean.pixels, clean.labels, NEURAL_CLEANSE, rng)


def clean_pictures(
    model: ZooModel, classifier: TorchImageClassifier, context: BenchContext
) -> TrainingSet:
    """Clean pictures of every class of a model's task, drawn by seed from the training split."""
    images = training_split(model.task)
    rng = np.random.default_rng([context.seed, 5])
    rows = [
        rng.permutation(np.flatnonzero(images.labels == c))[: context.clean_per_class]
        for c in model.classes
    ]
    return build_set(classifier, images, list(model.classes), rows)


@lru_cache(maxsize=4)
def training_split(source: str) -> LabelledImages:
    """The training split of a task; what a process has opened it keeps."""
    return open_task(DatasetSpec(source=source), seed=0)[0]
