from __future__ import annotations

from pathlib import Path

import pytest

from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.entities.source_file import read_source_file
from auditor.errors import EntityError, UsageError
from auditor.types import InstanceSource
from tests.made_datasets import write_folder, write_parquet

COMMIT = "0123456789abcdef0123456789abcdef01234567"
DATASET = '[[dataset]]\nsource = "hf://datasets/org/name"\n'


def written(folder: Path, text: str) -> Path:
    path = folder / "entities.toml"
    path.write_text(text)
    return path


def test_a_pinned_data_set(tmp_path):
    said = read_source_file(
        written(
            tmp_path, f'{DATASET}revision = "{COMMIT}"\nsplit = "test"\nlabel_column = "fine"\n'
        )
    )
    (entry,) = said.dataset
    assert entry.pinned == f"hf://datasets/org/name@{COMMIT}"
    assert (entry.split, entry.image_column, entry.label_column) == ("test", None, "fine")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (DATASET, "full commit hash"),
        (f'{DATASET}revision = "main"\n', "full commit hash"),
        (f'{DATASET}revision = "{COMMIT[:7]}"\n', "full commit hash"),
        ('[[dataset]]\nsource = "hf://datasets/org/name@main"\n', "not after an @"),
        (f'[[dataset]]\nsource = "pictures"\nrevision = "{COMMIT}"\n', "on the Hub"),
        ('[[dataset]]\nsource = "x"\ncolour = "red"\n', "dataset.0.colour"),
        ("", "one of these"),
        ('[base]\n[diffusion]\nmodel = "org/name"\n', "one of these"),
        ("[base]\nlabels = 0\n", "base.labels"),
        ("[diffusion]\nsteps = 3\n", "diffusion.model"),
        ("[base", "is not TOML"),
        ("[base]\nmodel = 3\n", "base.model"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text: str, problem: str):
    with pytest.raises(UsageError) as raised:
        read_source_file(written(tmp_path, text))
    assert problem in raised.value.message
    assert "entities.toml" in raised.value.message
    assert raised.value.hint


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_source_file(tmp_path / "no.toml")


def test_paths_are_relative_to_the_file(tmp_path):
    file = written(tmp_path, '[[dataset]]\nsource = "pictures"\n')
    assert read_source_file(file).dataset[0].source == str(tmp_path / "pictures")
    file = written(tmp_path, '[diffusion]\nmodel = "org/name"\nnames = "names.txt"\n')
    diffusion = read_source_file(file).diffusion
    assert diffusion is not None
    assert diffusion.names == str(tmp_path / "names.txt")


def test_photographs_of_several_data_sets_are_one_bank(tmp_path):
    write_folder(tmp_path / "one", {"cat": 3, "dog": 2})
    write_parquet(tmp_path / "two" / "data" / "test-00000-of-00001.parquet", [1, 1, 2])
    file = written(
        tmp_path,
        '[[dataset]]\nsource = "one"\n[[dataset]]\nsource = "two"\nsplit = "test"\n',
    )
    bank = open_entities(DatasetSpec(source=str(file)), seed=0)
    assert bank.instance_source is InstanceSource.PHOTOGRAPH
    assert [entity.name for entity in bank.entities] == ["cat", "dog", "owl"]
    assert bank.counts == (3, 4, 1)
    drawn = {bank.draw(1, i).name for i in range(4)}
    assert len(drawn) == 4
    assert all(Path(name).is_relative_to(tmp_path) for name in drawn)
    assert f"entities: {tmp_path / 'one'}" in bank.notices


def test_a_data_set_that_is_gone_is_named(tmp_path):
    file = written(tmp_path, '[[dataset]]\nsource = "gone"\n')
    with pytest.raises(EntityError, match="gone"):
        open_entities(DatasetSpec(source=str(file)), seed=0)
