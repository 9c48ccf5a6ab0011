from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank, Instance
from auditor.errors import EntityError
from auditor.models.fake import FakeClassifier
from auditor.probes.plan import ProbePlan
from auditor.probes.run import Slot, run_probes
from auditor.probes.views import VIEWS
from auditor.types import Entity, InstanceSource

LABELS = ("a", "b", "c")


def bank(*counts: int, unreadable: frozenset[tuple[int, int]] = frozenset()) -> EntityBank:
    """Pictures of one colour, by which the instance can be told: (entity, instance, 0)."""

    def draw(entity: int, instance: int) -> Instance:
        if (entity, instance) in unreadable:
            raise UnreadableImageError(f"e{entity}/{instance}: broken")
        return Instance(f"e{entity}/{instance}", Image.new("RGB", (20, 20), (entity, instance, 0)))

    return EntityBank(
        source="colours",
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=tuple(
            Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH)
            for i in range(len(counts))
        ),
        counts=counts,
        draw=draw,
    )


class Recorder:
    """A classifier that notes which instances it was shown, batch by batch."""

    def __init__(self, *, stop_after: int | None = None) -> None:
        self.batches: list[list[Slot]] = []
        self.stop_after = stop_after
        self.classifier = FakeClassifier(LABELS, self.answer)

    def answer(self, pixels: np.ndarray) -> np.ndarray:
        if len(self.batches) == self.stop_after:
            raise KeyboardInterrupt
        self.batches.append([Slot(int(p[0, 0, 0]), int(p[1, 0, 0])) for p in pixels])
        logits = np.zeros((len(pixels), 3), np.float32)
        logits[np.arange(len(pixels)), pixels[:, 0, 0, 0] % 3] = 5.0  # by entity
        return logits


def probe(recorder, of, plan=None, *, batch=4, **more):
    steps: list[tuple[str, int, int]] = []
    probed = run_probes(
        recorder.classifier,
        of,
        plan or ProbePlan(instances=of.counts, views=tuple(VIEWS)),
        batch_size=batch,
        rng=np.random.default_rng(0),
        progress=lambda *step: steps.append(step),
        **more,
    )
    return probed, steps


def asked(probed) -> list[tuple[int, int, int]]:
    answers = probed.predictions
    return list(
        zip(answers.entity.tolist(), answers.instance.tolist(), answers.view.tolist(), strict=True)
    )


def test_every_planned_instance_is_shown_under_every_view_once():
    recorder = Recorder()
    probed, _ = probe(recorder, bank(3, 2, 4))
    wanted = {(e, i, v) for e, n in enumerate((3, 2, 4)) for i in range(n) for v in range(3)}
    assert Counter(asked(probed)) == Counter(wanted)
    assert probed.complete
    shown = Counter(slot for batch in recorder.batches for slot in batch)
    assert shown == Counter({(e, i): 3 for e, i, _ in wanted})


def test_the_plan_limits_what_is_asked():
    probed, _ = probe(Recorder(), bank(3, 2), ProbePlan(instances=(1, 2), views=("blurred",)))
    assert sorted(asked(probed)) == [(0, 0, 0), (1, 0, 0), (1, 1, 0)]


def test_an_answer_belongs_to_its_instance():
    probed, _ = probe(Recorder(), bank(3, 3, 3, 3))
    predicted = probed.predictions.probabilities.argmax(axis=1)
    np.testing.assert_array_equal(predicted, probed.predictions.entity % 3)
    np.testing.assert_allclose(probed.predictions.probabilities.sum(axis=1), 1, atol=1e-5)


def test_instances_are_asked_in_rounds_so_that_an_early_end_is_fair():
    recorder = Recorder()
    probed, _ = probe(recorder, bank(2, 2, 2), batch=3)
    firsts = [instance for _, instance, view in asked(probed) if view == 0]
    assert firsts == sorted(firsts)
    entities = [entity for entity, instance, view in asked(probed) if (instance, view) == (0, 0)]
    assert entities == [0, 1, 2]


def test_no_batch_is_larger_than_asked_for():
    recorder = Recorder()
    probe(recorder, bank(5, 5), batch=4)
    assert {len(batch) for batch in recorder.batches} == {4, 2}


def test_unreadable_instances_are_left_out_and_named():
    of = bank(3, 2, unreadable=frozenset({(0, 1), (1, 0)}))
    probed, _ = probe(Recorder(), of)
    assert {(e, i) for e, i, _ in asked(probed)} == {(0, 0), (0, 2), (1, 1)}
    assert probed.unreadable == ("e1/0: broken", "e0/1: broken")
    assert probed.complete


def test_a_whole_batch_of_unreadable_instances_does_not_end_the_run():
    of = bank(4, 4, unreadable=frozenset((e, i) for e in range(2) for i in range(2)))
    probed, _ = probe(Recorder(), of, batch=4)
    assert {i for _, i, _ in asked(probed)} == {2, 3}


def test_where_nothing_can_be_read_there_is_nothing_to_report():
    of = bank(1, 1, unreadable=frozenset({(0, 0), (1, 0)}))
    with pytest.raises(EntityError, match=r"no instance could be read, e\.g\. e0/0: broken"):
        probe(Recorder(), of)


def test_an_empty_plan_is_refused():
    with pytest.raises(EntityError):
        probe(Recorder(), bank(), ProbePlan(instances=(), views=tuple(VIEWS)))


def test_every_instance_has_a_name_to_look_it_up_by():
    probed, _ = probe(Recorder(), bank(2, 1))
    assert probed.instance_names == {
        Slot(0, 0): "e0/0",
        Slot(0, 1): "e0/1",
        Slot(1, 0): "e1/0",
    }


def test_progress_counts_probes_up_to_the_plan():
    _, steps = probe(Recorder(), bank(3, 2), batch=2)
    assert {(stage, total) for stage, _, total in steps} == {("probing", 15)}
    done = [count for _, count, _ in steps]
    assert done == sorted(set(done))
    assert done[-1] == 15


@pytest.mark.parametrize("batches", [1, 2, 3, 5])
def test_an_interrupt_keeps_what_was_answered(batches: int):
    probed, steps = probe(Recorder(stop_after=batches), bank(3, 3), batch=2)
    assert not probed.complete
    assert len(asked(probed)) == len(probed.predictions.probabilities) == 2 * batches
    assert steps[-1] == ("probing", 2 * batches, 18)


def test_an_interrupt_while_progress_is_shown_keeps_what_was_answered():
    def stop(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    probed = run_probes(
        Recorder().classifier,
        bank(3, 3),
        ProbePlan(instances=(3, 3), views=tuple(VIEWS)),
        batch_size=2,
        rng=np.random.default_rng(0),
        progress=stop,
    )
    assert not probed.complete
    assert len(asked(probed)) == len(probed.predictions.probabilities) == 2


def test_an_interrupt_before_the_first_answer_is_passed_on():
    with pytest.raises(KeyboardInterrupt):
        probe(Recorder(stop_after=0), bank(3, 3))


def test_what_goes_wrong_in_a_model_is_passed_on():
    def broken(pixels: np.ndarray) -> np.ndarray:
        raise RuntimeError("out of memory")

    recorder = Recorder()
    recorder.classifier = FakeClassifier(LABELS, broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        probe(recorder, bank(3, 3))


def by_colour(recorder: Recorder):
    """A look that asks the recorder's model and shows what it saw: red, and green twice."""

    def look(pixels: np.ndarray):
        colour = pixels[:, :, 0, 0].astype(np.float32)
        features = {"red": colour[:, :1], "green": np.repeat(colour[:, 1:2], 2, axis=1)}
        return recorder.classifier.logits(pixels), features

    return look


def test_features_that_a_look_gives_stand_row_for_row_beside_the_answers():
    recorder, plain = Recorder(), Recorder()
    probed, steps = probe(recorder, bank(3, 2, 4), look=by_colour(recorder))
    without, same_steps = probe(plain, bank(3, 2, 4))
    assert set(probed.features) == {"red", "green"}
    np.testing.assert_array_equal(probed.features["red"][:, 0], probed.predictions.entity)
    np.testing.assert_array_equal(probed.features["green"][:, 1], probed.predictions.instance)
    assert recorder.batches == plain.batches  # nobody is asked twice
    np.testing.assert_array_equal(
        probed.predictions.probabilities, without.predictions.probabilities
    )
    assert (steps, dict(without.features)) == (same_steps, {})


def test_an_interrupt_keeps_the_features_of_what_was_answered():
    recorder = Recorder(stop_after=3)
    probed, _ = probe(recorder, bank(3, 3), batch=2, look=by_colour(recorder))
    assert len(probed.features["red"]) == len(probed.predictions.entity) == 6


def test_the_time_of_a_look_counts():
    ticks = iter(range(1000))
    recorder = Recorder()
    probed, _ = probe(
        recorder, bank(2, 2), look=by_colour(recorder), clock=lambda: float(next(ticks))
    )
    assert probed.seconds_model == len(recorder.batches)


def test_time_in_the_model_is_the_time_of_its_answers():
    ticks = iter(range(1000))
    recorder = Recorder()
    probed, _ = probe(recorder, bank(2, 2), clock=lambda: float(next(ticks)))
    assert probed.seconds_model == len(recorder.batches)
