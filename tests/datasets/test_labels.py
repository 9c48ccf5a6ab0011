from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditor.datasets.labelled import LabelledImages
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.errors import EntityError
from tests.made_datasets import NAMES, require_plain, write_parquet


def opened(source: Path) -> LabelledImages:
    return open_dataset(DatasetSpec(source=str(source)))


def failure(source: Path) -> EntityError:
    with pytest.raises(EntityError) as caught:
        opened(source)
    require_plain(caught.value)
    return caught.value


def labels_of(tmp_path: Path, labels: Any, names: Any = None) -> tuple[tuple[str, ...], list[int]]:
    images = opened(write_parquet(tmp_path / "a.parquet", labels, names=names))
    return images.label_names, images.labels.tolist()


def test_strings_are_sorted(tmp_path: Path):
    assert labels_of(tmp_path, ["owl", "cat", "owl"]) == (("cat", "owl"), [1, 0, 1])


def test_strings_as_categories(tmp_path: Path):
    column = pa.array(["owl", "cat", None]).dictionary_encode()
    assert labels_of(tmp_path, column) == (("cat", "owl"), [1, 0, -1])


@pytest.mark.parametrize("kind", [pa.int8(), pa.uint64(), pa.int64(), pa.float64()])
def test_class_label_names_number_the_values(tmp_path: Path, kind: pa.DataType):
    column = pa.array([2, 0, None], kind)
    assert labels_of(tmp_path, column, NAMES) == (NAMES, [2, 0, -1])


def test_class_label_names_keyed_by_index(tmp_path: Path):
    names = {str(i): f"name {i}" for i in reversed(range(12))}
    assert labels_of(tmp_path, [11, 2], names)[0][9:] == ("name 9", "name 10", "name 11")


def test_numbers_without_names(tmp_path: Path):
    # A huge number must not cost a name for each number below it.
    column = [10**12, 7, -1, None, 7]
    assert labels_of(tmp_path, column) == (("7", str(10**12)), [1, 0, -1, -1, 0])


def test_rows_without_a_label(tmp_path: Path):
    assert labels_of(tmp_path, ["cat", None, "dog"]) == (("cat", "dog"), [0, -1, 1])
    assert labels_of(tmp_path, [1, -1, None], NAMES) == (NAMES, [1, -1, -1])


@pytest.mark.parametrize(
    "name", ["\x1b[31mred", "犬", "", " ", "a\nb", "../../etc", "nan", "x" * 100_000]
)
def test_hostile_names_are_kept(tmp_path: Path, name: str):
    assert labels_of(tmp_path, ["plain", name])[0] == tuple(sorted(["plain", name]))
    assert labels_of(tmp_path, [0, 1], ["plain", name])[0] == ("plain", name)


@pytest.mark.parametrize("names", [7, "text", [], {"a": "b"}, {"0": "a", "2": "b"}, None])
def test_declared_names_that_are_none(tmp_path: Path, names: Any):
    assert labels_of(tmp_path, [0, 1], names) == (("0", "1"), [0, 1])


@pytest.mark.parametrize("metadata", [b"", b"{", b"[]", b'{"info": 1}', b"\xff", b"[" * 100_000])
def test_broken_metadata_is_ignored(tmp_path: Path, metadata: bytes):
    file = write_parquet(tmp_path / "a.parquet", [0, 1], names=None)
    table = pq.read_table(file).replace_schema_metadata({b"huggingface": metadata})
    pq.write_table(table, file)
    assert opened(file).label_names == ("0", "1")


@pytest.mark.parametrize(
    ("labels", "names", "message"),
    [
        ([0, 3], NAMES, "names 3 labels, and has a row of label 3"),
        ([0.5, 1.0], None, "numbers that are not whole"),
        (pa.array([2**63, 1], pa.uint64()), None, "numbers that are not whole"),
        ([[0], [1]], None, "holds list<"),
        ([None, None], None, "has no labelled row"),
        ([-1, -1], NAMES, "has no labelled row"),
    ],
)
def test_refused_labels(tmp_path: Path, labels: Any, names: Any, message: str):
    assert message in failure(write_parquet(tmp_path / "a.parquet", labels, names=names)).message


def test_label_that_is_not_utf8(tmp_path: Path):
    column = pa.array([b"cat", b"\xff\xfe"]).view(pa.string())
    file = write_parquet(tmp_path / "a.parquet", column, names=None)
    assert "not text in UTF-8" in failure(file).message


def test_shards_that_disagree(tmp_path: Path):
    write_parquet(tmp_path / "train-00000-of-00002.parquet", [0, 1], names=None)
    write_parquet(tmp_path / "train-00001-of-00002.parquet", ["cat"], names=None)
    assert "not a readable parquet data set" in failure(tmp_path).message
