from __future__ import annotations

import io
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.errors import UsageError
from auditor.output import html, json_v1, terminal
from auditor.output.write import (
    FORMATS,
    OutputTarget,
    Page,
    page_for,
    parse_output_option,
    plan_targets,
    render,
    write_all,
)
from auditor.types import Report
from tests.output.hostile import with_every_string
from tests.reports_for_tests import FINDING, NOT_AUDITED

ROOT = Path(__file__).parents[2]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        raise io.UnsupportedOperation


def test_formats() -> None:
    assert list(FORMATS) == ["rich", "json", "sarif", "html", "markdown", "junit"]
    assert render(FINDING, "json") == json_v1.render(FINDING)
    assert render(FINDING, "html") == html.render(FINDING)
    assert render(FINDING, "rich") == terminal.render(FINDING, width=100, color=False)


@pytest.mark.parametrize("format", FORMATS)
def test_a_format_imports_no_other(format: str) -> None:
    modules = {"rich": "terminal", "json": "json_v1"} | {
        name: name for name in FORMATS if name not in ("rich", "json")
    }
    code = (
        "import sys\n"
        "from auditor.output.write import render, to_v1\n"
        "from tests.reports_for_tests import FINDING\n"
        f"render(FINDING, {format!r})\n"
        f"print([name for name in {list(modules.values())!r} "
        "if f'auditor.output.{name}' in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert ran.stdout.strip() == str([modules[format]])


def test_options() -> None:
    assert parse_output_option("json=a=b.json") == OutputTarget(
        format="json", path=Path("a=b.json")
    )
    assert parse_output_option("rich=-") == OutputTarget(format="rich", path=None)


@pytest.mark.parametrize(
    ("option", "message", "hint"),
    [
        ("json", "FORMAT=PATH", "json=-"),
        ("json=", "FORMAT=PATH", "json=-"),
        ("jsn=x", "did you mean json?", "rich, json"),
        ("RICH=x", "did you mean rich?", "rich, json"),
        ("pdf=x", "unknown format pdf", "rich, json"),
        ("\x1b[31m=x", "unknown format <U+001B>[31m", "rich, json"),
    ],
)
def test_a_wrong_option_says_what_is_right(option: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_output_option(option)
    assert message in caught.value.message
    assert hint in caught.value.hint


def test_standard_output_gets_the_terminal_report_unless_it_is_taken(tmp_path: Path) -> None:
    on_stdout = OutputTarget(format="rich", path=None)
    to_file = f"json={tmp_path / 'x.json'}"
    assert plan_targets([]) == (on_stdout,)
    assert plan_targets([to_file])[1:] == (on_stdout,)
    assert plan_targets(["json=-"]) == (OutputTarget(format="json", path=None),)


def test_two_reports_in_one_place_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link").symlink_to("x")
    for same in ("x", "./x", str(tmp_path / "x"), "link"):
        with pytest.raises(UsageError, match="both go to"):
            plan_targets(["json=x", f"rich={same}"])
    with pytest.raises(UsageError, match="standard output"):
        plan_targets(["json=-", "rich=-"])


def test_a_place_that_cannot_be_written_is_found_before_the_scan(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        plan_targets([f"json={tmp_path / 'missing' / 'x.json'}"])
    with pytest.raises(UsageError, match="is a folder"):
        plan_targets([f"json={tmp_path}"])


def test_one_failure_does_not_cost_the_other_reports(tmp_path: Path) -> None:
    bad = OutputTarget(format="json", path=tmp_path / "missing" / "x.json")
    folder = OutputTarget(format="json", path=tmp_path)
    good = OutputTarget(format="json", path=tmp_path / "x.json")
    stdout = io.StringIO()
    on_stdout = OutputTarget(format="rich", path=None)
    failures = write_all(FINDING, [bad, folder, good, on_stdout], stdout)
    assert [failure.target for failure in failures] == [bad, folder]
    assert failures[0].reason == "No such file or directory"
    assert good.path is not None
    assert good.path.read_text(encoding="utf-8") == json_v1.render(FINDING)
    assert stdout.getvalue() == render(FINDING, "rich")
    assert not (tmp_path / "missing").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_standard_output_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    targets = plan_targets([f"json={tmp_path / 'x.json'}"])
    assert [failure.reason for failure in write_all(FINDING, targets, Broken())] == ["Broken pipe"]
    assert (tmp_path / "x.json").exists()


def test_an_old_report_stays_until_the_new_one_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.json"
    path.write_text("old", encoding="utf-8")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    failures = write_all(FINDING, [OutputTarget(format="json", path=path)], io.StringIO())
    assert [failure.reason for failure in failures] == ["No space left on device"]
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_links_are_followed_and_devices_are_written_to(tmp_path: Path) -> None:
    (tmp_path / "real.json").write_text("old", encoding="utf-8")
    (tmp_path / "link.json").symlink_to("real.json")
    (tmp_path / "null").symlink_to(os.devnull)
    targets = [OutputTarget(format="json", path=tmp_path / name) for name in ("link.json", "null")]
    assert write_all(FINDING, targets, io.StringIO()) == []
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text(encoding="utf-8") == json_v1.render(FINDING)
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_new_file_can_be_read_by_whom_the_umask_allows(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_all(FINDING, [OutputTarget(format="json", path=tmp_path / "x.json")], io.StringIO())
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.json").stat().st_mode) == 0o644


@pytest.mark.parametrize("report", [FINDING, NOT_AUDITED])
def test_a_console_without_the_letters_gets_escapes(report: Report) -> None:
    raw = io.BytesIO()
    with io.TextIOWrapper(raw, encoding="ascii") as stdout:
        target = OutputTarget(format="rich", path=None)
        assert write_all(with_every_string(report, "犬"), [target], stdout) == []
        assert b"\\u72ac" in raw.getvalue()


@pytest.mark.parametrize(
    ("environment", "page"),
    [
        ({"COLUMNS": "90"}, Page(width=90, color=True)),
        ({"COLUMNS": "20"}, Page(width=60, color=True)),
        ({"COLUMNS": "999"}, Page(width=200, color=True)),
        ({"COLUMNS": "wide"}, Page(width=80, color=True)),
        ({"NO_COLOR": "1"}, Page(width=80, color=False)),
        ({"NO_COLOR": ""}, Page(width=80, color=True)),
        ({"TERM": "dumb"}, Page(width=80, color=False)),
    ],
)
def test_a_terminal_decides_on_width_and_color(environment: dict[str, str], page: Page) -> None:
    assert page_for(Terminal(), environment) == page


def test_a_pipe_is_plain_whatever_the_environment_says() -> None:
    assert page_for(io.StringIO(), {"FORCE_COLOR": "1", "COLUMNS": "90"}) == Page()
