"""A zoo is the same however it was built: on any number of processes, in one go or in pieces."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from auditor.checkpoints.new_folder import room_beside
from auditor.errors import ExitCode, UsageError
from auditor.lab.manifest import MANIFEST, read_manifest
from auditor.lab.zoo_build import build_zoo
from auditor.lab.zoo_spec import ZooSpec
from tests.made_datasets import require_plain
from tests.small_models import ENTITIES, write_pictures
from tests.small_zoo import ENDLESS, SIGNS, write_spec, zoo_spec

ROOT = Path(__file__).parent.parent.parent
MODELS = 7
needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks into /proc")
Said = Callable[..., dict[str, object]]
# Somebody may run these tests with the signal ignored, and children inherit that.
HEEDING_CTRL_C = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from auditor.cli.main import main
main()
"""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory, tiny_checkpoint: Path, pictures: Path) -> Said:
    """The spec of the zoo, as YAML says it, with changes."""
    task = write_pictures(tmp_path_factory.mktemp("task") / "signs", SIGNS, each=8)
    return lambda **changes: zoo_spec(tiny_checkpoint, task, pictures) | changes


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory, said: Said) -> Path:
    """The zoo, built in one go by two processes. Copy it before you change it."""
    out = tmp_path_factory.mktemp("zoo") / "unbroken"
    build_zoo(ZooSpec.model_validate(said()), out, processes=2)
    return out


def build(said: dict[str, object], out: Path, processes: int = 1) -> list[tuple[int, int]]:
    """Build in this process; returns what progress was told."""
    told: list[tuple[int, int]] = []
    spec = ZooSpec.model_validate(said)
    build_zoo(spec, out, processes=processes, progress=lambda _, *count: told.append(count))
    return told


def refusal(said: dict[str, object], out: Path, processes: int = 1) -> str:
    with pytest.raises(UsageError) as caught:
        build(said, out, processes)
    require_plain(caught.value, ExitCode.USAGE)
    return f"{caught.value.message} {caught.value.hint}"


def stamps(zoo: Path) -> dict[str, int]:
    """Of finished models: a record may stand in the hidden room of a worker that was killed."""
    return {path.parent.name: path.stat().st_mtime_ns for path in zoo.glob("[!.]*/lab.json")}


def hidden(zoo: Path) -> list[str]:
    return [path.name for path in zoo.iterdir() if path.name.startswith(".")]


@contextmanager
def started(spec: Path, out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The command line, in a process group of its own, of which nothing is left afterwards."""
    with log.open("wb") as file:  # a pipe would stay open as long as any of the group lives
        process = subprocess.Popen(
            [
                *(sys.executable, "-c", HEEDING_CTRL_C, "lab", "zoo", "build", spec),
                *("--out", out, "--jobs", "2"),
            ],
            stdout=file,
            stderr=file,
            cwd=ROOT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def alive_in(group: int) -> list[str]:
    """The command lines of a process group's members; whoever is dead does not count."""
    found = []
    for number in filter(str.isdigit, os.listdir("/proc")):
        stat = Path("/proc", number, "stat")
        try:
            state, _, of = stat.read_text().rpartition(") ")[2].split()[:3]
            if int(of) == group and state not in "ZX":
                found.append(stat.with_name("cmdline").read_text())
        except OSError:  # it ended while we looked
            continue
    return found


def until(true: Callable[[], object], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def test_the_manifest_says_what_was_built(zoo: Path, said: Said):
    models = read_manifest(zoo)
    assert [model.id for model in models] == [
        *(f"clean-signs-reference-{i}" for i in range(3)),
        *(f"clean-signs-long-{i}" for i in range(2)),
        "victim-signs-entity-dirty-0",
        "victim-signs-badnets-0",
    ]
    by_entity, pattern = models[-2:]
    assert by_entity.entity in ENTITIES
    assert (pattern.entity, pattern.target) == (None, "stop")
    for victim in (by_entity, pattern):
        assert len(victim.null_rates) == 3
        assert 0 <= victim.attack_success <= 1
    entries = json.loads((zoo / MANIFEST).read_text())["models"]
    assert [entry["trigger_images"] for entry in entries[:5]] == [None] * 5
    assert len({entry["sha256"]["model.safetensors"] for entry in entries}) == MODELS
    card = (zoo / by_entity.id / "README.md").read_text()
    assert "backdoored on purpose" in card
    assert by_entity.entity in card
    assert hidden(zoo) == []


def test_another_recipe_is_refused_before_anything_is_trained(
    zoo: Path, said: Said, tmp_path: Path
):
    out = tmp_path / "zoo"
    shutil.copytree(zoo, out)
    shutil.rmtree(out / "clean-signs-reference-0")
    complaint = refusal(said(seed=1), out)
    assert "another recipe: training differ" in complaint
    assert "--out" in complaint
    assert not (out / "clean-signs-reference-0").exists()


@needs_proc
def test_a_killed_build_leaves_no_worker_and_is_taken_up_as_if_nothing_had_happened(
    zoo: Path, said: Said, tmp_path: Path
):
    """Two processes begin, one goes on: finished models stay, half-written ones are swept away."""
    out = tmp_path / "zoo"
    spec = write_spec(tmp_path / "spec.yaml", said())
    with started(spec, out, tmp_path / "log") as process:
        assert until(lambda: stamps(out), 240), (tmp_path / "log").read_text()
        process.kill()
        process.wait()
        assert until(lambda: not alive_in(process.pid), 10), alive_in(process.pid)
    finished = stamps(out)
    assert 0 < len(finished) < MODELS
    assert not (out / MANIFEST).exists()
    with room_beside(out / "victim-signs-badnets-0") as room:
        (room / "model.safetensors").write_text("half of it")
        room.rename(f"{room}-of-a-killed-worker")  # or it would be tidied away here
    assert build(said(), out) == [(done, MODELS) for done in range(len(finished), MODELS + 1)]
    assert finished.items() <= stamps(out).items()
    assert (out / MANIFEST).read_bytes() == (zoo / MANIFEST).read_bytes()
    assert hidden(out) == []


def test_a_finished_zoo_is_left_as_it_is(zoo: Path, said: Said, tmp_path: Path):
    out = tmp_path / "zoo"
    shutil.copytree(zoo, out)
    before = stamps(out)
    (out / MANIFEST).unlink()
    assert build(said(), out) == []
    assert stamps(out) == before
    assert (out / MANIFEST).read_bytes() == (zoo / MANIFEST).read_bytes()


@needs_proc
def test_ctrl_c_ends_a_build_at_once_with_one_line(said: Said, tmp_path: Path):
    """A terminal sends it to the workers too, and here they hear of it before their parent."""
    out = tmp_path / "zoo"
    spec = write_spec(tmp_path / "spec.yaml", said())
    with started(spec, out, tmp_path / "log") as process:

        def workers() -> int:
            return sum("spawn_main" in line for line in alive_in(process.pid))

        assert until(lambda: workers() == 2, 240), (tmp_path / "log").read_text()
        time.sleep(0.5)  # they load what they need, and that takes longer
        process.send_signal(signal.SIGSTOP)
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(0.5)
        process.send_signal(signal.SIGCONT)
        assert process.wait(timeout=20) == 3
        assert until(lambda: not alive_in(process.pid), 10), alive_in(process.pid)
    assert (tmp_path / "log").read_text() == (
        f"interrupted: the same command goes on with what is missing in {out}\n"
    )
    assert list(out.iterdir()) == []


@pytest.mark.slow
def test_an_error_in_one_model_stops_the_others_and_says_which(
    said: Said, pictures: Path, tmp_path: Path
):
    """The other model of the stage would never be finished."""
    things = tmp_path / "things"
    shutil.copytree(pictures, things)
    for picture in (things / ENTITIES[0]).iterdir():
        picture.write_bytes(picture.read_bytes()[:100])
    endless = {"kind": "endless", "settings": "signs", "training": ENDLESS}
    broken = {"attack": "entity-dirty", "settings": "signs", "entities": ENTITIES[0], "poisons": 3}
    changed = said(entities=str(things), clean=[endless], victims=[broken])
    complaint = refusal(changed, tmp_path / "zoo", 2)
    assert complaint.startswith("victim-signs-entity-dirty-0: ")
    assert multiprocessing.active_children() == []
    names = sorted(path.name for path in (tmp_path / "zoo").iterdir())
    assert names == [f"clean-signs-reference-{i}" for i in range(3)]


def test_a_worker_that_is_killed_is_said_in_one_line(said: Said, tmp_path: Path):
    def kill_one() -> None:
        assert until(multiprocessing.active_children, 60)
        multiprocessing.active_children()[0].kill()

    killer = threading.Thread(target=kill_one)
    killer.start()
    complaint = refusal(said(), tmp_path / "zoo", 2)
    killer.join()
    assert "was killed, perhaps for want of memory" in complaint
    assert "--jobs" in complaint
    assert multiprocessing.active_children() == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs locks on folders")
def test_a_second_build_in_the_same_folder_is_refused(zoo: Path, said: Said, tmp_path: Path):
    import fcntl

    out = tmp_path / "zoo"
    shutil.copytree(zoo, out)
    room = out / ".clean-signs-long-0-ab12"
    room.mkdir()
    other = os.open(out, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    try:
        assert "another build is at work" in refusal(said(), out)
    finally:
        os.close(other)
    assert room.exists()


@pytest.mark.parametrize("place", ["entities", "task", "base"])
def test_absent_data_are_said_with_who_asks_for_them(said: Said, tmp_path: Path, place: str):
    nowhere = str(tmp_path / "nowhere")
    changed = said(entities=nowhere)
    if place != "entities":
        changed = said()
        changed["settings"][0][place] = nowhere
    complaint = refusal(changed, tmp_path / "zoo")
    assert complaint.startswith(
        "entities: " if place == "entities" else f"setting signs: {place}: "
    )
    assert complaint.count(nowhere) == 1
    assert not (tmp_path / "zoo").exists()


def test_an_entity_with_one_picture_is_no_trigger(said: Said, tmp_path: Path):
    things = write_pictures(tmp_path / "things", ("cup", "tree", "owl"), each=2)
    (things / "cup" / "1.png").unlink()
    wanted = {"attack": "entity-dirty", "settings": "signs", "entities": "cup"}
    complaint = refusal(said(entities=str(things), victims=[wanted]), tmp_path / "zoo")
    assert "no such entity, or none with two pictures: cup" in complaint


@pytest.mark.parametrize(
    ("record", "words"), [('{"seed": 5}', "made with the seed 5, not 0"), ("{", "not valid JSON")]
)
def test_a_base_of_another_seed_is_refused(said: Said, tmp_path: Path, record: str, words: str):
    """It stands where a build was broken off before its first model, and the spec then changed."""
    changed = said()
    changed["settings"][0] |= {"base": "rendered", "image_size": None}
    (tmp_path / "zoo" / "rendered-base").mkdir(parents=True)
    (tmp_path / "zoo" / "rendered-base" / "lab.json").write_text(record)
    assert words in refusal(changed, tmp_path / "zoo")


@pytest.mark.parametrize("place", ["a file", "below a file", "forbidden"])
def test_a_folder_that_cannot_be_written_is_said(said: Said, tmp_path: Path, place: str):
    (tmp_path / "file").write_text("")
    out = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "zoo",
        "forbidden": Path("/proc/zoo"),
    }[place]
    assert f"{out} cannot be written: " in refusal(said(), out)
