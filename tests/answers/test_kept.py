"""Answers on disk: what was answered is not asked again, and what cannot be believed is."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from auditor.answers.asked import Asked, Shape
from auditor.answers.entry import to_bytes
from auditor.answers.kept import KeptAnswers
from auditor.answers.place import PARTIAL, SUFFIX, cache_folder, tidy
from auditor.models.patience import Answered

CLASSES, WIDTH = 3, 5
ASKED = Asked(
    model_digest="a" * 64,
    base_digest=None,
    engine="torch",
    device="cpu",
    precision="float32",
    shape=Shape(classes=CLASSES, widths={"own": WIDTH}),
)
BATCHES = [np.full((4, 3, 8, 8), i, np.uint8) for i in range(6)]


class Model:
    """Answers with what it sees, and counts the pictures."""

    def __init__(self) -> None:
        self.shown = 0

    def __call__(self, pixels: np.ndarray) -> Answered:
        self.shown += len(pixels)
        seen = pixels.reshape(len(pixels), -1).mean(axis=1, keepdims=True).astype(np.float32)
        return Answered(np.repeat(seen, CLASSES, axis=1), {"own": np.repeat(seen, WIDTH, axis=1)})


Ask = Callable[..., tuple[list[Answered], KeptAnswers]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Ask a model for all batches, with what is kept in a folder."""

    def run(model: Model, batches: list = BATCHES, asked: Asked = ASKED, root: Path | None = None):
        with KeptAnswers(asked, root or tmp_path / "cache") as kept:
            answers = [kept.answered(pixels, model) for pixels in batches]
        return answers, kept

    return run


def entries(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob(f"*{SUFFIX}"))


def same(one: list[Answered], other: list[Answered]) -> bool:
    return all(
        np.array_equal(a.logits, b.logits)
        and np.array_equal(a.features["own"], b.features["own"])
        and a.fit == b.fit
        for a, b in zip(one, other, strict=True)
    )


def test_what_was_answered_is_not_asked_again(ask: Ask, tmp_path: Path):
    first, second = Model(), Model()
    before, kept = ask(first, BATCHES[:4])
    assert (first.shown, kept.remembered, len(entries(tmp_path))) == (16, 0, 4)
    after, kept = ask(second)
    assert (second.shown, kept.remembered) == (8, 16)
    assert same(before, after[:4])
    assert same(after, ask(Model())[0])
    assert kept.notices() == ()


@pytest.mark.parametrize(
    "change",
    [
        {"model_digest": "b" * 64},
        {"base_digest": "c" * 64},
        {"engine": "onnx"},
        {"device": "cuda"},
        {"precision": "bfloat16"},
        {"shape": Shape(classes=CLASSES, widths={})},
    ],
)
def test_another_model_or_another_way_to_run_it_is_asked_itself(ask: Ask, change: dict):
    ask(Model())
    model = Model()
    batches = [] if "shape" in change else BATCHES
    ask(model, batches, replace(ASKED, **change))
    assert replace(ASKED, **change).name != ASKED.name
    assert model.shown == 4 * len(batches)


def test_another_version_asks_anew(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    name = ASKED.name
    monkeypatch.setattr("auditor.answers.asked.metadata.version", lambda _: "99.0")
    assert ASKED.name != name


def test_one_other_pixel_is_another_question(ask: Ask):
    ask(Model())
    changed = [pixels.copy() for pixels in BATCHES]
    changed[0][2, 1, 3, 3] += 1
    model = Model()
    ask(model, changed)
    assert model.shown == 4


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flipped(content: bytes) -> bytes:
    return content[:-3] + bytes([content[-3] ^ 1]) + content[-2:]


def of_other_shape(_content: bytes) -> bytes:
    wide = np.zeros((4, CLASSES), np.float32), {"own": np.zeros((4, WIDTH + 1), np.float32)}
    return to_bytes(Answered(*wide))


def not_numbers(_content: bytes) -> bytes:
    logits = np.full((4, CLASSES), np.nan, np.float32)
    return to_bytes(Answered(logits, {"own": np.zeros((4, WIDTH), np.float32)}))


def fewer_pictures(_content: bytes) -> bytes:
    return to_bytes(Model()(BATCHES[0][:2]))


def no_arrays(_content: bytes) -> bytes:
    import hashlib

    return hashlib.sha256(b"x" * 100).digest() + b"x" * 100


def too_long(content: bytes) -> bytes:
    return content + b"\0" * 10_000_000


@pytest.mark.parametrize(
    "spoil",
    [cut, flipped, of_other_shape, not_numbers, fewer_pictures, no_arrays, too_long, lambda _: b""],
)
def test_an_entry_that_cannot_be_believed_is_asked_again_and_told(
    ask: Ask, tmp_path: Path, spoil: Callable[[bytes], bytes]
):
    right, _ = ask(Model())
    for entry in entries(tmp_path)[:2]:
        entry.write_bytes(spoil(entry.read_bytes()))
    model = Model()
    answers, kept = ask(model)
    assert (model.shown, kept.remembered) == (8, 16)
    assert same(answers, right)
    assert kept.notices() == ("damaged answers in the cache, asked for again: 2",)
    assert ask(Model())[1].notices() == ()  # they have been replaced


def test_a_model_that_gives_no_numbers_is_not_kept(ask: Ask, tmp_path: Path):
    def model(pixels: np.ndarray) -> Answered:
        answered = Model()(pixels)
        return replace(answered, logits=answered.logits + np.float32("inf"))

    ask(model)
    assert entries(tmp_path) == []


def test_a_batch_that_did_not_fit_is_told_again_when_it_is_remembered(ask: Ask):
    def tight(pixels: np.ndarray) -> Answered:
        return replace(Model()(pixels), fit=2)

    before, kept = ask(tight)
    assert kept.fit == 2
    after, kept = ask(Model())
    assert kept.fit == 2
    assert same(before, after)


@pytest.mark.skipif(os.name != "posix" or not os.path.exists("/dev/full"), reason="needs /dev/full")
def test_a_cache_that_cannot_be_written_is_a_notice_and_no_more(ask: Ask, tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    model = Model()
    answers, kept = ask(model, root=tmp_path / "file" / "cache")
    assert model.shown == 24
    assert same(answers, ask(Model())[0])
    assert "not kept in the cache" in kept.notices()[0]


@pytest.mark.skipif(os.name != "posix", reason="rights of POSIX")
def test_a_cache_that_others_may_write_to_is_not_believed(ask: Ask, tmp_path: Path):
    ask(Model())
    (tmp_path / "cache").chmod(0o777)
    model = Model()
    assert "others may write there" in ask(model)[1].notices()[0]
    assert model.shown == 24


def test_a_full_disk_ends_the_keeping_and_not_the_scan(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    import auditor.answers.kept

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(auditor.answers.kept, "_write_whole", full)
    model = Model()
    _, kept = ask(model)
    assert model.shown == 24
    assert "No space left on device" in kept.notices()[0]


def test_no_more_is_written_than_there_is_room_for(ask: Ask, monkeypatch: pytest.MonkeyPatch):
    import auditor.answers.kept

    monkeypatch.setattr(auditor.answers.kept, "MOST_WRITTEN", 1000)
    assert "they would take more" in ask(Model())[1].notices()[0]


def test_two_scans_at_once_do_each_other_no_harm(ask: Ask, tmp_path: Path):
    failures: list[BaseException] = []
    right, _ = ask(Model(), root=tmp_path / "other")

    def one() -> None:
        try:
            for _ in range(5):
                answers, kept = ask(Model())
                assert same(answers, right)
                assert kept.notices() == ()
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(entries(tmp_path)) == len(BATCHES)


def test_what_was_used_longest_ago_goes_first(ask: Ask, tmp_path: Path):
    ask(Model())
    old = entries(tmp_path)[:3]
    for entry in old:
        os.utime(entry, (1, 1))
    size = entries(tmp_path)[0].stat().st_size
    tidy(tmp_path / "cache", most_bytes=3 * size + size // 2)
    assert len(entries(tmp_path)) == 3
    assert not any(entry.exists() for entry in old)


def test_what_a_killed_run_left_is_removed_once_it_is_old(tmp_path: Path):
    (tmp_path / "x").mkdir()
    old, new = tmp_path / "x" / f"old{PARTIAL}", tmp_path / "x" / f"new{PARTIAL}"
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (1, 1))
    tidy(tmp_path)
    assert not old.exists()
    assert new.exists()


def test_the_place_can_be_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("AUDITOR_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("AUDITOR_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder().name == "auditor"
