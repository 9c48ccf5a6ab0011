from __future__ import annotations

import numpy as np

from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.datasets.several import joined
from tests.made_datasets import same, write_folder


def test_labels_of_the_same_name_are_one(tmp_path):
    one = open_dataset(DatasetSpec(source=str(write_folder(tmp_path / "1", {"cat": 2, "dog": 1}))))
    two = open_dataset(DatasetSpec(source=str(write_folder(tmp_path / "2", {"ant": 1, "dog": 2}))))
    both = joined([one, two], "both")
    assert both.source == "both"
    assert both.label_names == ("cat", "dog", "ant")
    assert both.labels.tolist() == [0, 0, 1, 2, 1, 1]
    assert len(both) == len(set(both.names)) == 6
    for i in range(3):
        assert same(both.image(i), one.image(i))
        assert same(both.image(3 + i), two.image(i))


def test_an_image_without_a_label_has_none(tmp_path):
    one = open_dataset(DatasetSpec(source=str(write_folder(tmp_path, {"cat": 2, "dog": 1}))))
    unlabelled = one.with_labels(("dog",))
    assert unlabelled.labels.tolist() == [-1, -1, 0]
    assert joined([unlabelled], "x").labels.tolist() == [-1, -1, 0]
    assert np.array_equal(joined([one], "x").labels, one.labels)
