from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, FoundDataset, find_dataset, open_dataset
from auditor.errors import EntityError
from tests.hub_server import VALID_TOKEN, Cut, HubServer, RepoFixture
from tests.made_datasets import NAMES, picture, require_plain, same, write_dataset, write_parquet

Serve = Callable[[RepoFixture], HubServer]
PETS = "hf://datasets/org/pets"
TRAIN = [f"data/train-0000{i}-of-00002.parquet" for i in range(2)]
TEST = "data/test-00000-of-00001.parquet"


def found(
    cache: Path, source: str = PETS, *, offline: bool = False, token: str | None = None
) -> FoundDataset:
    return find_dataset(DatasetSpec(source=source, offline=offline), cache_dir=cache, token=token)


def opened(
    cache: Path, source: str = PETS, split: str | None = None, *, offline: bool = False
) -> LabelledImages:
    spec = DatasetSpec(source=source, split=split, offline=offline)
    return open_dataset(spec, cache_dir=cache)


def failure(
    cache: Path,
    source: str = PETS,
    split: str | None = None,
    *,
    offline: bool = False,
    token: str | None = None,
) -> EntityError:
    spec = DatasetSpec(source=source, split=split, offline=offline)
    with pytest.raises(EntityError) as caught:
        open_dataset(spec, cache_dir=cache, token=token)
    require_plain(caught.value)
    return caught.value


# By name


def test_by_name(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets))
    images = opened(cache)
    assert images.source == PETS
    assert images.revision == hub.commit("org/pets", kind="datasets")
    assert images.label_names == NAMES
    assert images.labels.tolist() == [0, 1, 2] * 4
    assert images.about == {"cat": {"wnid": "n1"}}
    assert images.names[-1] == f"{TRAIN[1]}[5]"
    assert same(images.image(11), picture(11))


def test_only_what_is_needed_is_fetched(pets: Path, cache: Path, serve: Serve):
    for name in ("pets.py", "photos.zip", "data/more.csv", "other/train.parquet"):
        (pets / name).parent.mkdir(exist_ok=True)
        (pets / name).write_bytes(b"large")
    hub = serve(RepoFixture(pets))
    opened(cache)
    assert hub.fetched("org/pets") == ["entities.json", "README.md", *TRAIN]


def test_splits_cost_one_request_and_no_file_comes_twice(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets))
    data = found(cache)
    assert data.splits == ("test", "train")
    assert len(hub.requests) == 1
    assert len(data.read("train")) == 12
    assert len(data.read("test")) == 3
    assert sorted(hub.fetched("org/pets")) == ["README.md", TEST, *TRAIN, "entities.json"]
    listings = [request for request in hub.requests if request.path.startswith("/api/")]
    assert len(listings) == 1


def test_without_companions(tmp_path: Path, cache: Path, serve: Serve):
    write_parquet(tmp_path / "plain" / "train.parquet", [0, 1])
    hub = serve(RepoFixture(tmp_path / "plain"))
    assert opened(cache).names == ("train.parquet[0]", "train.parquet[1]")
    assert hub.fetched("org/pets") == ["train.parquet"]
    assert len(opened(cache, offline=True)) == 2


def test_one_named_configuration(tmp_path: Path, cache: Path, serve: Serve):
    write_parquet(tmp_path / "cifar" / "plain_text" / "train-00000-of-00001.parquet", [0, 1])
    serve(RepoFixture(tmp_path / "cifar"))
    images = opened(cache)
    assert images.names[0] == "plain_text/train-00000-of-00001.parquet[0]"
    assert same(images.image(1), picture(1))


def test_revision(pets: Path, tmp_path: Path, cache: Path, serve: Serve):
    old = write_dataset(tmp_path / "old", per_label=2)
    hub = serve(RepoFixture(pets, branches={"v1": old}))
    images = opened(cache, f"{PETS}@v1")
    assert len(images) == 6
    assert images.revision == hub.commit("org/pets", "v1", kind="datasets")


def test_commit_stays_readable_when_the_branch_moves(
    pets: Path, tmp_path: Path, cache: Path, serve: Serve
):
    hub = serve(RepoFixture(pets))
    before = opened(cache).revision
    hub.push("org/pets", write_dataset(tmp_path / "new", per_label=2), kind="datasets")
    assert len(opened(cache)) == 6
    assert len(opened(cache, f"{PETS}@{before}")) == 12


def test_progress_is_told_the_bytes(pets: Path, cache: Path, serve: Serve):
    serve(RepoFixture(pets))
    told: dict[str, tuple[int, int | None]] = {}

    def progress(name: str, done: int, total: int | None) -> None:
        told[name] = (done, total)

    open_dataset(DatasetSpec(source=PETS, split="test"), cache_dir=cache, progress=progress)
    size = (pets / TEST).stat().st_size
    assert told[TEST] == (size, size)
    assert told.keys() == {"entities.json", "README.md", TEST}


def test_nothing_is_printed(
    pets: Path, cache: Path, serve: Serve, capfd: pytest.CaptureFixture[str]
):
    serve(RepoFixture(pets))
    opened(cache)
    assert capfd.readouterr() == ("", "")


# Cache and offline


def test_second_time_fetches_nothing(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets))
    opened(cache)
    fetched = list(hub.fetched("org/pets"))
    assert len(opened(cache)) == 12
    assert hub.fetched("org/pets") == fetched


@pytest.mark.parametrize("revision", ["", "@main", "@{commit}"])
def test_offline_from_the_cache_makes_no_request(
    pets: Path, cache: Path, serve: Serve, revision: str
):
    hub = serve(RepoFixture(pets))
    online = opened(cache)
    hub.requests.clear()
    offline = opened(cache, PETS + revision.format(commit=online.revision), offline=True)
    assert offline.revision == online.revision
    assert offline.names == online.names
    assert offline.about == online.about
    assert same(offline.image(7), picture(7))
    assert hub.requests == []


def test_offline_and_never_fetched(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets))
    error = failure(cache, offline=True)
    assert error.message == "org/pets at main is not in the local cache"
    assert "without --offline" in error.hint
    assert hub.requests == []


def test_offline_knows_the_splits_that_were_fetched(pets: Path, cache: Path, serve: Serve):
    serve(RepoFixture(pets))
    opened(cache, split="test")
    assert found(cache, offline=True).splits == ("test",)
    error = failure(cache, split="train", offline=True)
    assert "has no split 'train'" in error.message
    assert "without --offline" in error.hint


def test_offline_and_partly_fetched(
    pets: Path, cache: Path, serve: Serve, short_waits: list[float]
):
    cuts = {TRAIN[1]: Cut(after_bytes=50, times=None)}
    serve(RepoFixture(pets, cuts=cuts))
    assert "was cut while fetching org/pets" in failure(cache).message
    error = failure(cache, offline=True)
    assert "has 1 of the 2 files of split train" in error.message
    assert "without --offline" in error.hint


# Failures


def test_missing(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets))
    error = failure(cache, "hf://datasets/org/none")
    assert error.message == (
        f"org/none does not exist on {hub.url}, or is private and no valid token was given"
    )
    assert "hf auth login" in error.hint


def test_private(pets: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch):
    hub = serve(RepoFixture(pets, private=True))
    assert "is private and no valid token" in failure(cache).message
    assert "does not accept the token" in failure(cache, token="hf_expired").message
    assert len(found(cache, token=VALID_TOKEN).read()) == 12
    monkeypatch.setenv("HF_TOKEN", VALID_TOKEN)
    shutil.rmtree(cache)
    hub.requests.clear()
    assert len(opened(cache)) == 12
    assert {request.token for request in hub.requests} == {VALID_TOKEN}


def test_gated(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets, gated=True))
    error = failure(cache)
    assert error.message.startswith("org/pets is gated")
    assert f"{hub.url}/datasets/org/pets" in error.hint


def test_missing_revision(pets: Path, cache: Path, serve: Serve):
    hub = serve(RepoFixture(pets))
    error = failure(cache, f"{PETS}@v9")
    assert error.message == "org/pets has no revision v9"
    assert f"{hub.url}/datasets/org/pets/commits/main" in error.hint


def test_missing_split_is_found_out_before_anything_is_fetched(
    pets: Path, cache: Path, serve: Serve
):
    hub = serve(RepoFixture(pets))
    assert failure(cache, split="validation").hint == "It has: test, train. Use --split."
    assert hub.fetched("org/pets") == []


def test_no_parquet(tmp_path: Path, cache: Path, serve: Serve):
    (tmp_path / "script").mkdir()
    (tmp_path / "script" / "script.py").write_text("x")
    hub = serve(RepoFixture(tmp_path / "script"))
    assert "holds no parquet files" in failure(cache).message
    assert hub.fetched("org/pets") == []


@pytest.mark.parametrize(
    "name", ["", "pets", "org/pets/data", "../pets", "org/pets@", "org/pets@a..b", "\x1b/\x1b"]
)
def test_names_that_are_none(pets: Path, cache: Path, serve: Serve, name: str):
    hub = serve(RepoFixture(pets))
    failure(cache, f"hf://datasets/{name}")
    assert hub.requests == []


def test_unreachable(pets: Path, cache: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch):
    serve(RepoFixture(pets))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{free.getsockname()[1]}"
    monkeypatch.setenv("HF_ENDPOINT", endpoint)
    error = failure(cache)
    assert error.message == f"cannot reach {endpoint} to ask for org/pets"
    assert "--offline" in error.hint


def test_cut_in_the_middle_of_a_file_recovers(
    pets: Path, cache: Path, serve: Serve, short_waits: list[float]
):
    hub = serve(RepoFixture(pets, cuts={TRAIN[1]: Cut(after_bytes=50, times=2, reset=True)}))
    images = opened(cache)
    assert same(images.image(11), picture(11))
    assert hub.fetched("org/pets").count(TRAIN[1]) == 3


def test_broken_file(pets: Path, cache: Path, serve: Serve):
    (pets / TRAIN[0]).write_bytes(b"PAR1 rows PAR1")
    serve(RepoFixture(pets))
    assert "not a readable parquet data set" in failure(cache).message
