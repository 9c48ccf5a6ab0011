"""What a child cannot do, tried by itself; and what is said where the system has no such wall."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.box.child import Job
from auditor.box.environment import passed_on
from auditor.box.limits import Limits
from auditor.box.parent import run
from auditor.box.walls import Allowed
from tests.box.tasks import ATTEMPTS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="walls are Linux's")

OF_LANDLOCK = {
    *("write to what it was given", "remove what it was given", "read a secret"),
    *("read a secret in a thread", "list the home", "read the parent's environment"),
    *("link to a secret", "write elsewhere"),
}
OF_SECCOMP = {
    *("connect", "connect by path", "start a program", "become a program", "fork"),
    "end its parent",
}
PERMITTED = {"read what it was given", "write where it may"}


@pytest.fixture
def tried(tmp_path: Path) -> dict:
    """What came of each attempt, and of what there was to attack."""
    for name in ("model", "room", "home"):
        (tmp_path / name).mkdir()
    (tmp_path / "model" / "weights").write_text("weights")
    (tmp_path / "home" / "secret").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(tmp_path / "home" / "socket"))
        local.listen()
        said = {
            "attempts": list(ATTEMPTS),
            "model": str(tmp_path / "model" / "weights"),
            "room": str(tmp_path / "room"),
            "secret": str(tmp_path / "home" / "secret"),
            "port": server.getsockname()[1],
            "path": str(tmp_path / "home" / "socket"),
        }
        job = Job(
            task="tests.box.tasks",
            said=["try_all", said],
            allowed=Allowed(readable=(str(tmp_path / "model"),), writable=(said["room"],)),
            limits=Limits(memory_bytes=2**32),
        )
        ended = run(job, environment={}, deadline=None, progress=lambda *_: None)
    return {"missing": " ".join(ended.missing), **ended.value}


def test_the_child_can_do_its_work_and_nothing_else(tried: dict, tmp_path: Path):
    did = {name for name in ATTEMPTS if tried[name].startswith("did it")}
    expected = set(PERMITTED)
    if "Landlock" in tried["missing"]:  # then the report says so
        expected |= OF_LANDLOCK
    if "seccomp" in tried["missing"]:
        expected |= OF_SECCOMP
    assert did <= expected
    assert did >= PERMITTED
    if not tried["missing"]:
        assert (tmp_path / "model" / "weights").read_text() == "weights"
        assert not (tmp_path / "room" / "it").exists()


def test_no_secret_reaches_the_child():
    kept = {"OMP_NUM_THREADS": "1", "HF_HOME": "/hub", "LC_ALL": "C", "CUDA_VISIBLE_DEVICES": "0"}
    secrets = dict.fromkeys(
        (
            *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN", "NPM_TOKEN"),
            *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "PGPASSWORD", "SSH_AUTH_SOCK"),
            *("HTTPS_PROXY", "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "OPENAI_API_KEY"),
        ),
        "secret",
    )
    passed = passed_on(kept | secrets)
    assert passed.items() >= kept.items()
    assert "secret" not in passed.values()
    assert passed["HF_HUB_OFFLINE"] == "1"


def test_the_child_has_no_variable_that_was_not_passed_on(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    job = Job(
        task="tests.box.tasks",
        said=["environment", None],
        allowed=Allowed(),
        limits=Limits(),
    )
    ended = run(job, environment={"MORE": "1"}, deadline=None, progress=lambda *_: None)
    assert "hf_secret" not in ended.value.values()
    assert set(ended.value) <= {*passed_on(os.environ), "MORE", "LC_CTYPE"}


# A filter by which the system answers as one without Landlock and seccomp does. It is made here
# with the very code under test, and taken on before auditor's own walls.
WITHOUT = """
import errno, json, sys
from auditor.box import seccomp
sys.path.insert(0, {root!r})
from dataclasses import replace
import platform
machine = platform.machine()
bare = replace(seccomp._ARCHITECTURES[machine], denied={denied!r})
seccomp._ARCHITECTURES = {{machine: bare}}
seccomp._COMMON = {{}}
seccomp.install()
from importlib import reload
reload(seccomp)
from auditor.box.limits import Limits
from auditor.box.walls import Allowed, put_up
print(json.dumps(put_up(Allowed(), Limits(memory_bytes=2**32))))
"""


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86_64")
@pytest.mark.parametrize(
    ("denied", "said"),
    [
        ({"landlock_create_ruleset": 444}, ["Landlock"]),
        ({"prctl": 157}, ["Landlock", "seccomp"]),
    ],
)
def test_a_wall_that_the_system_lacks_is_told(denied: dict[str, int], said: list[str]):
    root = Path(__file__).parent.parent.parent
    code = WITHOUT.format(denied=denied, root=str(root))
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root
    )
    missing = json.loads(ran.stdout)
    assert len(missing) == len(said)
    for gap, wall in zip(missing, said, strict=True):
        assert wall in gap
