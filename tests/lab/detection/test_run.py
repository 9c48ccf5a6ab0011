from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from auditor.errors import EntityError, UsageError
from auditor.lab.detection import judging
from auditor.lab.detection.detector import BenchContext, Detector
from auditor.lab.detection.detectors import DETECTORS, choose_detectors
from auditor.lab.detection.records import Answer
from auditor.lab.detection.run import RAW, run_detectors
from auditor.lab.detection.zoo import Zoo
from auditor.lab.manifest import ZooModel
from tests.small_models import ENTITIES, LABELS, PER_ENTITY

QUIET = Answer(
    score=0.5,
    p_value=None,
    called=False,
    customary=False,
    decided=True,
    targets=(),
    entities=(),
    probes=1,
)
Ask = Callable[[ZooModel, BenchContext], Answer]


@pytest.fixture
def context(zoo: Zoo) -> BenchContext:
    return BenchContext(entities=zoo.entities)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of the models that a detector named `fake` was asked about."""
    seen: list[str] = []

    def detect(model: ZooModel, context: BenchContext) -> Answer:
        seen.append(model.id)
        return QUIET

    install(monkeypatch, detect)
    return seen


def install(monkeypatch: pytest.MonkeyPatch, detect: Ask) -> None:
    fake = Detector(
        detect=detect, settings=lambda context: {"seed": context.seed}, needs="", rule=""
    )
    monkeypatch.setitem(DETECTORS, "fake", fake)  # type: ignore[arg-type]


def run(zoo: Zoo, names: list[str], context: BenchContext, out: Path, **options: object):
    return run_detectors(zoo, zoo.models, names, context, out, processes=1, **options)


def test_every_detector_judges_a_model(
    zoo: Zoo, context: BenchContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    short = replace(judging.NEURAL_CLEANSE, steps=2, batch=4)
    monkeypatch.setattr(judging, "NEURAL_CLEANSE", short)
    monkeypatch.setattr(judging, "MM_BD", replace(judging.MM_BD, starts=1, steps=2))
    victim = next(m for m in zoo.models if m.entity)
    context = replace(context, clean_per_class=3)
    rows = run_detectors(zoo, [victim], list(DETECTORS), context, tmp_path, processes=1)
    assert [row.detector for row in rows] == list(DETECTORS)
    assert {row.model for row in rows} == {victim.id}
    for row in rows:
        assert row.answer.score is not None
        assert set(row.answer.targets) <= {"no entry", "stop", "yield"}
        assert row.seconds > 0
    scanner = rows[0].answer
    assert scanner.probes == 3 * len(ENTITIES) * PER_ENTITY
    assert set(scanner.entities) <= set(ENTITIES)
    assert "class-share" in scanner.kinds
    # Nothing can be rarer than any effect at all: the model stands for one that is called.
    assert scanner.called
    assert scanner.p_value == 1 / 200


def test_what_is_finished_is_not_asked_again(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    first = run(zoo, ["fake"], context, tmp_path)
    assert asked == [m.id for m in zoo.models]
    again = run(zoo, ["fake"], context, tmp_path)
    assert len(asked) == len(zoo.models)
    assert [(r.model, r.answer) for r in again] == [(r.model, r.answer) for r in first]


def test_a_run_that_was_broken_off_goes_on(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    def stop(stage: str, done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(zoo, ["fake"], context, tmp_path, progress=stop)
    raw = tmp_path / RAW
    assert len(raw.read_text().splitlines()) == 1 + 3
    with raw.open("a") as file:  # as a power cut would leave it
        file.write(f"{zoo.models[3].id},clean,refe")
    run(zoo, ["fake"], context, tmp_path)
    assert asked == [m.id for m in zoo.models]
    lines = raw.read_text().splitlines()
    assert [line.partition(",")[0] for line in lines[1:]] == [m.id for m in zoo.models]


def test_rows_of_other_detectors_and_models_stay(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    run(zoo, ["fake", "head-weight"], context, tmp_path)
    rows = run_detectors(zoo, zoo.models[:2], ["fake"], context, tmp_path, processes=1)
    assert len(rows) == 2
    assert len((tmp_path / RAW).read_text().splitlines()) == 1 + 2 * len(zoo.models)


def test_a_setting_that_was_changed_is_noticed(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    run(zoo, ["fake"], context, tmp_path)
    before = (tmp_path / RAW).read_bytes()
    with pytest.raises(UsageError, match="fake with other settings") as caught:
        run(zoo, ["fake"], replace(context, seed=1), tmp_path)
    assert "--again fake" in caught.value.hint
    assert (tmp_path / RAW).read_bytes() == before
    # What does not concern a detector does not concern its rows.
    run(zoo, ["fake"], replace(context, clean_per_class=3), tmp_path)
    other = replace(zoo, weights={name: "f" * 64 for name in zoo.weights})
    with pytest.raises(UsageError, match="other settings"):
        run(other, ["fake"], context, tmp_path)


def test_a_detector_judges_anew_where_that_is_asked_for(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    run(zoo, ["fake", "head-weight"], context, tmp_path)
    run(zoo, ["fake", "head-weight"], replace(context, seed=1), tmp_path, again=["fake"])
    assert len(asked) == 2 * len(zoo.models)
    assert len((tmp_path / RAW).read_text().splitlines()) == 1 + 2 * len(zoo.models)


def test_results_of_another_zoo_are_refused(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    run(zoo, ["fake"], context, tmp_path)
    smaller = replace(zoo, models=zoo.models[1:])
    with pytest.raises(UsageError, match="another zoo"):
        run(smaller, ["fake"], context, tmp_path)


def test_a_detector_that_fails_ends_the_run_and_says_where(
    zoo: Zoo, context: BenchContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def detect(model: ZooModel, context: BenchContext) -> Answer:
        if model is zoo.models[1]:
            raise EntityError("no pictures", hint="Take some.")
        return QUIET

    install(monkeypatch, detect)
    with pytest.raises(UsageError, match=rf"fake on {zoo.models[1].id}: no pictures") as caught:
        run(zoo, ["fake"], context, tmp_path)
    assert caught.value.hint == "Take some."
    assert len((tmp_path / RAW).read_text().splitlines()) == 1 + 1


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_judged(
    zoo: Zoo, context: BenchContext, tmp_path: Path, asked: list[str]
):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be written"):
        run(zoo, ["fake"], context, tmp_path / "file" / "out")
    assert asked == []


@pytest.mark.slow
def test_several_processes_find_what_one_finds(zoo: Zoo, context: BenchContext, tmp_path: Path):
    one = run(zoo, ["head-weight"], context, tmp_path / "one")
    two = run_detectors(zoo, zoo.models, ["head-weight"], context, tmp_path / "two", processes=2)
    assert [(r.model, r.answer) for r in one] == [(r.model, r.answer) for r in two]


def test_detectors_are_chosen_by_name():
    assert choose_detectors([]) == tuple(DETECTORS)
    assert choose_detectors(["mm-bd", "scanner", "mm-bd"]) == ("scanner", "mm-bd")
    with pytest.raises(UsageError, match="no such detector: mmbd") as caught:
        choose_detectors(["mmbd"])
    assert "Did you mean mm-bd?" in caught.value.hint
    assert LABELS  # the tiny model's own; a zoo names others
