from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import auditor
from auditor.datasets.open import DatasetSpec
from auditor.entities.open import open_entities
from auditor.errors import CheckpointError, UsageError
from auditor.evidence.kinds import KINDS, statistics_of, stored_name
from auditor.evidence.null import read_null, write_null
from auditor.evidence.table import rank_within
from auditor.lab.null import benign_models, measure_null, probe_as_a_scan_does
from auditor.lab.null_grid import INSTANCE_GRID
from auditor.lab.zoo_build import RENDERED_BASE, RENDERED_FOLDER
from auditor.probes.plan import INSTANCES, Depth
from auditor.references.clean_data import CLEAN_GRID
from tests.lab.conftest import MODELS, Built
from tests.small_models import ENTITIES, PER_ENTITY, write_coloured, write_pictures
from tests.small_zoo import pretended

ON_REFERENCES = {
    stored_name(name, n) for name, kind in KINDS.items() if kind.reference for n in CLEAN_GRID
}


def sources_of(folder: Path) -> dict[str, str]:
    return json.loads((folder / "lab.json").read_text())["sources"]


@pytest.fixture(scope="module")
def bank(pictures: Path):
    return open_entities(DatasetSpec(source=str(pictures)), seed=0)


@pytest.fixture(scope="module")
def folders(built: Built) -> list[Path]:
    return sorted(built.folder.iterdir())


@pytest.fixture(scope="module")
def null(folders: list[Path], bank):
    return measure_null(folders, bank, name="tiny")


def test_every_statistic_of_every_model_is_measured_at_every_size(null):
    assert null.name == "tiny"
    assert null.models == MODELS
    assert null.entity_grid == (len(ENTITIES),)
    assert null.instance_grid == INSTANCE_GRID
    assert set(null.statistics) == {stored_name(kind, n) for kind in KINDS for n in CLEAN_GRID}
    for name, values in null.statistics.items():
        assert values.shape == (MODELS, 1, len(INSTANCE_GRID))
        assert np.isfinite(values).all() or name in ON_REFERENCES or name == "wrong-label"
    assert np.isnan(null.statistics["wrong-label"]).all()  # no entity means a label of theirs


def test_what_rests_on_more_clean_images_than_there_are_is_not_measured(null):
    """Twelve pictures a class allow references of ten, never of forty."""
    few, many = (stored_name("own-share", n) for n in CLEAN_GRID)
    assert np.isfinite(null.statistics[few]).any()
    assert np.isnan(null.statistics[many]).all()


def test_the_grid_has_the_instances_of_quick_and_standard_scans():
    assert {INSTANCES[Depth.QUICK], INSTANCES[Depth.STANDARD]} <= set(INSTANCE_GRID)


def test_the_largest_size_is_the_whole_table(null, folders: list[Path], bank):
    for number, folder in enumerate(folders):
        for count, whole in probe_as_a_scan_does(folder, bank, sources_of(folder)).items():
            for kind, value in statistics_of(whole).items():
                measured = null.statistics[stored_name(kind, count)][number, 0, -1]
                assert measured == pytest.approx(value, abs=1e-6)


def test_the_smallest_size_is_the_first_instance_of_each_entity(null, folders, bank):
    table = probe_as_a_scan_does(folders[0], bank, None)[CLEAN_GRID[0]]
    first = statistics_of(table.keep(rank_within(table.entity) == 0))
    for name, value in first.items():
        assert null.statistics[name][0, 0, 0] == pytest.approx(value, abs=1e-6)
        kind = KINDS[name]
        if kind.search is None and kind.perturbed is None:  # others have no number of instances
            assert null.statistics[name][0, 0, 0] != null.statistics[name][0, 0, -1]


def test_benign_models_are_asked_about_the_labels_that_entities_mean(
    folders: list[Path], pictures: Path, tmp_path: Path
):
    both = shutil.copytree(pictures, tmp_path / "both")
    write_coloured(both, tuple(f"sign {i}" for i in range(6)), each=PER_ENTITY, first=500)
    with_labels = open_entities(DatasetSpec(source=str(both)), seed=0)
    null = measure_null(folders, with_labels, name="both", tables=tmp_path / "tables")
    again = measure_null(folders, with_labels, name="both", tables=tmp_path / "tables")
    wrong = null.statistics["wrong-label"]
    assert np.isfinite(wrong).all()
    np.testing.assert_array_equal(again.statistics["wrong-label"], wrong)
    table = probe_as_a_scan_does(folders[0], with_labels, None)[CLEAN_GRID[0]]
    assert statistics_of(table)["wrong-label"] == pytest.approx(wrong[0, 0, -1], abs=1e-6)
    assert len(table.inside.tested) > 0


def test_of_a_zoo_the_models_with_nothing_planted_are_measured(folders: list[Path], tmp_path: Path):
    _, plans = pretended(tmp_path / "zoo")
    base = tmp_path / "zoo" / RENDERED_FOLDER  # what some of its models were tuned from
    base.mkdir()
    (base / "config.json").write_text("{}")
    shutil.copytree(folders[0], tmp_path / "zoo" / ".half-written")  # by a killed build
    found = benign_models([folders[0].parent, tmp_path / "zoo"])
    clean = [tmp_path / "zoo" / plan.id for plan in plans if plan.attack is None]
    assert 0 < len(clean) < len(plans)
    assert set(found) == {*folders, *clean}


def test_a_model_of_a_zoo_is_measured_beside_its_base_and_task(
    folders: list[Path], bank, tmp_path: Path
):
    as_of_a_zoo = shutil.copytree(folders[0], tmp_path / "clean-0")
    plan = {**sources_of(folders[0]), "attack": None}
    (as_of_a_zoo / "lab.json").write_text(json.dumps({"plan": plan}))
    both = measure_null([folders[0], as_of_a_zoo], bank, name="both")
    assert np.isfinite(both.drift).all()
    for values in both.statistics.values():
        np.testing.assert_array_equal(values[0], values[1])
    (as_of_a_zoo / "lab.json").write_text(json.dumps({"plan": plan | {"base": RENDERED_BASE}}))
    alone = measure_null([as_of_a_zoo], bank, name="alone")
    assert np.isnan(alone.drift).all()
    assert np.isnan(alone.statistics["drift-share"]).all()


def test_models_differ_in_what_they_show(null):
    assert len({round(float(v), 6) for v in null.statistics["class-share"][:, 0, -1]}) == MODELS


def test_a_large_bank_is_measured_at_several_sizes(folders: list[Path], tmp_path: Path):
    names = tuple(f"e{i}" for i in range(26))
    source = write_pictures(tmp_path / "many", names, each=1)
    many = open_entities(DatasetSpec(source=str(source)), seed=0)
    null = measure_null(folders[:1], many, name="many")
    assert null.entity_grid == (12, 25)
    shares = null.statistics["entity-contrast"][0, :, 0]
    assert shares[0] <= shares[1]  # a maximum over more entities


def test_a_null_is_written_and_read_back(null, tmp_path: Path):
    write_null(null, tmp_path / "tiny.json")
    again = read_null(tmp_path / "tiny.json")
    assert (again.name, again.models) == ("tiny", MODELS)
    assert (again.entity_grid, again.instance_grid) == (null.entity_grid, null.instance_grid)
    for name, values in null.statistics.items():
        np.testing.assert_allclose(again.statistics[name], values, atol=5e-5)
    assert again.classes.tolist() == null.classes.tolist()
    assert again.made == json.loads(json.dumps(null.made))


def test_a_null_knows_how_many_classes_each_model_has(null, folders: list[Path]):
    labels = [json.loads((f / "config.json").read_text())["id2label"] for f in folders]
    assert null.classes.tolist() == [len(names) for names in labels]


def test_a_null_says_how_it_was_made_and_names_no_path(null, built: Built, pictures: Path):
    assert len(null.made["models"]) == MODELS
    assert null.made["models"][0]["recipe"]["number"] == 0
    assert null.made["entities"] == "/".join(pictures.parts[-2:])
    assert str(pictures.parent) not in json.dumps(null.made)
    assert str(Path(built.population.tasks[0].data).parent) not in json.dumps(null.made)


def test_kept_answers_serve_without_the_models(
    null, built: Built, folders: list[Path], bank, tmp_path: Path
):
    models = shutil.copytree(built.folder, tmp_path / "models")
    copies = [models / folder.name for folder in folders]
    first = measure_null(copies, bank, name="tiny", tables=tmp_path / "tables")
    for copy in copies:
        (copy / "model.safetensors").unlink()
    second = measure_null(copies, bank, name="tiny", tables=tmp_path / "tables")
    for name, values in null.statistics.items():
        np.testing.assert_array_equal(first.statistics[name], values)
        np.testing.assert_array_equal(second.statistics[name], values)
    with pytest.raises(CheckpointError):
        measure_null(copies, bank, name="tiny")


def test_a_null_without_searches_has_the_other_columns_as_they_are(
    null, folders: list[Path], bank, tmp_path: Path
):
    kept = tmp_path / "tables"
    few = measure_null(folders, bank, name="few", tables=kept, searches=False)
    searched = {
        name for name in null.statistics if KINDS[name.partition("@")[0]].search is not None
    }
    assert searched
    assert not searched & set(few.statistics)
    for name, values in few.statistics.items():
        np.testing.assert_array_equal(null.statistics[name], values)
    whole = measure_null(folders, bank, name="tiny", tables=kept)  # what is missing is asked now
    assert set(whole.statistics) == set(null.statistics)


def test_without_models_there_is_no_null(bank):
    with pytest.raises(UsageError, match="no benign fine-tunes"):
        measure_null([], bank, name="none")


def test_a_model_that_the_lab_did_not_make_is_refused_before_any_is_asked(
    folders: list[Path], bank, tmp_path: Path
):
    stranger = shutil.copytree(folders[0], tmp_path / "stranger")
    (stranger / "lab.json").unlink()
    seen: list[object] = []
    with pytest.raises(UsageError, match=r"lab\.json"):
        measure_null(
            [folders[0], stranger], bank, name="x", progress=lambda *step: seen.append(step)
        )
    assert seen == []


def test_a_model_is_asked_about_all_there_is_of_a_small_bank(folders: list[Path], bank):
    table = probe_as_a_scan_does(folders[0], bank, None)[CLEAN_GRID[0]]
    assert np.bincount(table.entity).tolist() == [PER_ENTITY] * len(ENTITIES)


def test_a_scan_of_a_model_and_its_measurement_for_a_null_agree(null, folders, pictures: Path):
    """What a user sees with the base and the task at hand is what the null was measured with."""
    for number, folder in enumerate(folders):
        sources = sources_of(folder)
        report = auditor.scan(
            folder,
            **{"entities": pictures, "plan": "exhaustive"},
            **{"base": sources["base"], "clean_data": sources["task"]},
        )
        shown = {e.kind for e in report.evidence}
        assert {"class-share", "drift-share"} <= shown or report.notices
        for kind in shown:
            largest = max(e.value for e in report.evidence if e.kind == kind)
            measured = null.statistics[stored_name(kind, CLEAN_GRID[0])][number, 0, -1]
            assert measured == pytest.approx(largest, abs=1e-5)


def test_a_model_whose_sources_are_not_known_has_no_references(folders: list[Path], bank):
    beside = probe_as_a_scan_does(folders[0], bank, None)
    assert list(beside) == list(CLEAN_GRID)
    assert all(not table.references for table in beside.values())


def test_rows_are_numbered_within_their_entity():
    entity = np.array([2, 0, 2, 1, 0, 2])
    assert rank_within(entity).tolist() == [0, 0, 1, 0, 1, 2]
    assert rank_within(np.array([], np.int64)).tolist() == []


def test_a_null_of_instances_of_each_models_own_base(folders, monkeypatch, tmp_path, bank):
    """Models of one base share a bank; those whose base is nowhere are left out."""
    asked = []

    def bank_of(sources):
        asked.append(sources["base"])
        return bank

    orphan = tmp_path / "orphan"
    shutil.copytree(folders[0], orphan)
    record = json.loads((orphan / "lab.json").read_text())
    del record["sources"]
    (orphan / "lab.json").write_text(json.dumps(record))
    measured = measure_null([*folders[:2], orphan], bank_of, name="own")
    assert measured.models == 2
    assert asked == [sources_of(folder)["base"] for folder in folders[:2]]
    with pytest.raises(UsageError, match="has a base to make instances of"):
        measure_null([orphan], bank_of, name="own")
