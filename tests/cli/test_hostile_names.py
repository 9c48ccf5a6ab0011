"""One set of hostile names through every command and into every medium."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.output.media import (
    require_html,
    require_json,
    require_junit,
    require_log,
    require_markdown,
    require_sarif,
)
from tests.small_models import noise, write_tiny

LABELS = (
    "\x1b]0;title\x07\u202estop [red]x[/red]\n::set-output name=verdict::no-evidence",
    "x" * 100_000,
    "@octocat #12 GH-12 ##[error] ![a](https://a.b/c.png) <script>alert(1)</script> | `",
    "\u200b\u2066s\u0455op\u2069 \ufeff</details><!-- ]]> &#64;ana \x85\u2028::add-mask::x",
)
# Names that a file system takes: no slash, no NUL, at most 255 bytes.
THINGS = (
    "::error::dog",
    "cat\u202etac",
    "a\n::set-env name=A::b",
    "\x1b[2J\x07bird",
    "[b](javascript:x) <img src=x onerror=alert(1)>",
    "@ana ##[group]x #7 GH-7 www.a.b",
    "z\u200bw\u0301\u0301\u0301\u0301\u0301",
    "d " + "犬" * 80,
)
FORMATS = ("rich", "json", "sarif", "html", "markdown", "junit")
CHECKS = {
    "rich": require_log,
    "json": require_json,
    "sarif": require_sarif,
    "html": require_html,
    "markdown": require_markdown,
    "junit": require_junit,
}

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows has no such file names")


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a checkpoint and pictures whose every name is hostile."""
    root = tmp_path_factory.mktemp("named") / "::warning::\u202e@ana"
    root.mkdir()
    write_tiny(root / "model [x](y)", labels=LABELS, favourite=0)
    for i, name in enumerate(THINGS):
        (root / "things" / name).mkdir(parents=True)
        for j in range(7):
            noise(100 * i + j).save(root / "things" / name / f"::{j}\u202e@x.png")
    (root / "things" / THINGS[0] / "::broken::\x1b[0m.png").write_bytes(b"no picture")
    return root


def options(root: Path, out: Path) -> list[str]:
    outputs = [f"--output={format}={out / format}" for format in FORMATS]
    return [str(root / "model [x](y)"), "--entities", str(root / "things"), *outputs]


def test_a_scan_shows_hostile_names_and_obeys_none_in_any_medium(
    run: Run, benign_models_show: Callable[[float], None], named: Path, tmp_path: Path
):
    benign_models_show(0.0)
    ran = run("scan", *options(named, tmp_path))
    assert ran.code == 1, ran.err
    require_log(ran.out)
    require_log(ran.err)
    for format, check in CHECKS.items():
        check((tmp_path / format).read_text(encoding="utf-8"))
    for shown in ("<U+202E>", "<U+001B>", "<U+200B>"):
        assert shown in ran.out

    again = tmp_path / "again"
    again.mkdir()
    outputs = [f"--output={format}={again / format}" for format in FORMATS]
    assert run("report", "convert", tmp_path / "json", *outputs).code == 0
    for format in FORMATS:
        assert (again / format).read_bytes() == (tmp_path / format).read_bytes()

    for format, check in (("rich", require_log), ("json", require_json)):
        ran = run(*("report", "diff", tmp_path / "json", tmp_path / "json"), f"--output={format}=-")
        check(ran.out)
        require_log(ran.err)
    ran = run("report", "diff", tmp_path / "json", tmp_path / "json", "--output=markdown=-")
    require_markdown(ran.out)


def test_settings_and_errors_show_them_too(run: Run, named: Path):
    nasty = "\x1b[31m\u202e::set-output ##[error]x\n::error::y"
    shown = run("config", "show", "--entities", nasty, "--allow", f"{nasty}=x")
    assert shown.code == 0
    require_log(shown.out)
    require_json(run("config", "show", "--json", "--entities", nasty).out)
    for command in (
        ("scan", named / "things" / THINGS[3]),
        ("scan", named / "model [x](y)", "--entities", nasty),
        ("scan", named / "model [x](y)", "--device", nasty),
        ("scan", named / "model [x](y)", "--output", f"{nasty}={nasty}"),
        ("scan", named / "model [x](y)", "--rules", named / "things" / THINGS[2]),
        ("scan", named / "model [x](y)", "--allow", nasty),
        ("report", "convert", named / nasty),
        ("report", "diff", named / nasty, named / nasty),
        ("rules", "check", named / nasty),
        ("rules", "show", nasty),
        ("remediate", named / "model [x](y)", "--clean-data", "x", "--out", "y", "--report", nasty),
        ("lab", "bench", "--what", nasty),
        (nasty,),
    ):
        ran = run(*command)
        assert ran.code in (2, 3), ran
        require_log(ran.out)
        require_log(ran.err)


def test_a_name_that_is_no_text_is_shown(run: Run, tmp_path: Path, named: Path):
    things = tmp_path / "things"
    for name in (b"caf\xe9", b"b\xff"):
        os.makedirs(os.path.join(os.fsencode(things), name))
        for j in range(2):
            noise(j).save(os.fsdecode(os.path.join(os.fsencode(things), name, b"%d.png" % j)))
    ran = run("scan", *[*options(named, tmp_path)[:1], "--entities", things])
    assert ran.code != 4, ran.err
    require_log(ran.out)
    require_log(ran.err)
