"""What a person sees while a long scan runs."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from auditor.cli.console import bars, progress_bar, progress_lines


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def drawn(width: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The last picture of two stages."""
    clock = Clock()
    console = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(console, "get_time", clock)
    bar = bars(console)
    probing = bar.add_task("probing", total=12_800)
    slow = bar.add_task("training victim and trigger", total=20)
    for done in (0, 1600, 3200):
        bar.update(probing, completed=done)
        bar.update(slow, completed=done // 1600)
        clock.now += 5
    with console.capture() as captured:
        console.print(bar)
    return captured.get().splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_bar_shows_stage_rate_and_time_left(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    fast, slow = drawn(width, monkeypatch)
    assert all(cell_len(line) <= width for line in (fast, slow))
    assert fast.split()[0] == "probing"
    assert "3200/12800" in fast
    assert "320/s" in fast
    assert "0:00:30 left" in fast
    assert slow.startswith("training victim")
    assert "5 s each" in slow
    assert "0:01:30 left" in slow


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    report = progress_lines(clock)
    for done in range(0, 12_800, 100):
        report("probing", done, 12_800)
        clock.now += 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "probing: 3,000 of 12,800, 100/s, 98.0 s left",
        "probing: 6,000 of 12,800, 100/s, 68.0 s left",
        "probing: 9,000 of 12,800, 100/s, 38.0 s left",
        "probing: 12,000 of 12,800, 100/s, 8.0 s left",
    ]


def test_a_stage_that_has_only_begun_has_no_rate(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    report = progress_lines(clock)
    clock.now += 31
    report("probing", 5, 10)
    assert capsys.readouterr().err == "probing: 5 of 10\n"


def test_a_short_scan_says_nothing_in_a_log(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar() as report:
        report("probing", 1, 2)
        report("probing", 2, 2)
    assert capsys.readouterr().err == ""
