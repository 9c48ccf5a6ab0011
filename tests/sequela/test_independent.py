"""The same inputs, given to the Adversarial Robustness Toolbox."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from art.attacks.evasion import ProjectedGradientDescentPyTorch
from art.attacks.inference.membership_inference import MembershipInferenceBlackBox
from art.estimators.classification import PyTorchClassifier
from art.metrics.privacy.worst_case_mia_score import get_roc_for_fpr
from sklearn.metrics import roc_auc_score

from auditor.models.torch_image import TorchImageClassifier
from auditor.sequela.material import logits_of
from auditor.sequela.robustness import survived
from auditor.sequela.roc import areas, rates_at_few_alarms
from auditor.sequela.signals import loss_signal
from tests.sequela.made import colours
from tests.small_models import LABELS


class _Pixels(torch.nn.Module):
    def __init__(self, model: TorchImageClassifier) -> None:
        super().__init__()
        self.model = model
        self.module = model.module

    def forward(self, x):
        return self.model.forward(x)


@pytest.fixture(scope="module")
def theirs(tuned: TorchImageClassifier) -> PyTorchClassifier:
    return PyTorchClassifier(
        _Pixels(tuned),
        loss=torch.nn.CrossEntropyLoss(),
        input_shape=(3, 16, 16),
        nb_classes=len(LABELS),
        clip_values=(0, 255),
        device_type="cpu",
    )


def test_membership_inference_by_loss(tuned: TorchImageClassifier, theirs: PyTorchClassifier):
    members, others = colours(40, first=0), colours(40, first=900)
    # Members are those that the model is surer of, as if it had learnt them by heart.
    pictures = np.concatenate([members.pixels, others.pixels]).astype(np.float32)
    labels = np.concatenate([members.labels, others.labels])
    ours = loss_signal(logits_of(tuned, pictures.astype(np.uint8)), labels)
    assert np.allclose(
        ours, -theirs.compute_loss(pictures, labels, reduction="none"), rtol=1e-4, atol=1e-6
    )
    order = np.argsort(-(ours + np.random.default_rng(0).normal(0, ours.std(), len(ours))))
    truth = np.zeros(len(ours), np.int64)
    truth[order[: len(ours) // 2]] = 1
    x, y = [pictures[truth == t] for t in (1, 0)], [labels[truth == t] for t in (1, 0)]
    attack = MembershipInferenceBlackBox(theirs, input_type="loss", attack_model_type="lr")
    attack.fit(x[0], y[0], x[1], y[1])
    told = np.concatenate(
        [attack.infer(a, b, probabilities=True).ravel() for a, b in zip(x, y, strict=True)]
    )
    known = np.repeat([1, 0], [len(y[0]), len(y[1])])
    signals = ours[truth == 1][None], ours[truth == 0][None]
    assert areas(*signals)[0] == pytest.approx(roc_auc_score(known, told), abs=2e-3)
    assert 0.6 < areas(*signals)[0] < 0.99
    alarms, rate, _ = get_roc_for_fpr(told, known, targeted_fpr=0.01)[0]
    assert alarms <= 0.01
    assert rates_at_few_alarms(*signals)[0] == pytest.approx(rate, abs=0.02)


@pytest.mark.parametrize("epsilon", [30, 60])
def test_accuracy_under_projected_gradient_descent(
    tuned: TorchImageClassifier, theirs: PyTorchClassifier, epsilon: int
):
    pictures = colours(16, first=0)
    attack = ProjectedGradientDescentPyTorch(
        theirs,
        norm=np.inf,
        eps=epsilon,
        eps_step=2.5 * epsilon / 20,
        max_iter=20,
        num_random_init=1,
        verbose=False,
    )
    moved = attack.generate(pictures.pixels.astype(np.float32), pictures.labels)
    left = float((theirs.predict(moved).argmax(axis=1) == pictures.labels).mean())
    assert survived(tuned, pictures, epsilon, seed=0).mean() == pytest.approx(left, abs=0.05)
