from __future__ import annotations

import sys
from pathlib import Path

import pytest

from auditor.errors import MissingPackage, UsageError
from auditor.lab.detection.detector import BenchContext
from auditor.lab.detection.figures import Document
from auditor.lab.detection.page import page_of, readme_table
from auditor.lab.detection.plot import require_plotting, write_plot
from auditor.lab.detection.publish import (
    BEGIN,
    END,
    document_of,
    publish,
    read_result,
    update_readme,
    with_table,
)
from auditor.lab.detection.zoo import Zoo
from tests.lab.detection.made_rows import CLEAN, MODELS, ROWS, row

ZOO = Zoo(name="made", entities="things", digest="0" * 64, models=MODELS, weights={})
README = f"# It\n\nbefore\n\n{BEGIN}\nstale\n{END}\n\nafter\n"


@pytest.fixture(scope="module")
def document() -> Document:
    return document_of(ZOO, MODELS, ROWS, BenchContext(entities="things"), ["auditor", "a b"])


ALL_VICTIMS = "All backdoors"


def cells(page: str, first: str, after: str = "") -> list[str]:
    """The first table row that begins so, after some heading."""
    part = page.partition(after)[2] if after else page
    (line,) = [line for line in part.splitlines() if line.startswith(f"| {first} |")][:1]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_shows_every_detector_and_attack(document: Document):
    page = page_of(document, plot="detection.png")
    scanner = cells(page, "scanner", ALL_VICTIMS)
    assert scanner[1].startswith("0.94 [")
    assert scanner[4] == "3/4"
    assert scanner[5].startswith("1/4 [")  # called
    assert scanner[6].startswith("1/4 [")  # p <= 0.05
    assert scanner[7:11] == ["2/3", "1/2", "1/2", "2/2"]
    assert cells(page, "mm-bd", ALL_VICTIMS)[6] == "-"
    entities = cells(page, "scanner", "Entity backdoors")
    assert entities[1].startswith("1.00 [")
    assert entities[4] == "2/2"
    assert cells(page, "badnets")[1] == "1"
    assert cells(page, "entity (failed)")[1] == "1"
    assert "](detection.png)" in page
    assert "`auditor 'a b'`" in page
    assert "nan" not in page.lower().split()


def test_a_page_without_a_plot_shows_none(document: Document):
    assert "](" not in page_of(document, plot=None)


def test_a_page_of_nothing_but_clean_models_can_be_written():
    rows = [row(CLEAN[0], None, decided=False)]
    document = document_of(ZOO, CLEAN[:1], rows, BenchContext(entities="things"), ["auditor"])
    assert cells(page_of(document, plot=None), "scanner")[1] == "-"


def test_the_document_says_what_is_needed_to_make_it_again(document: Document):
    assert document["zoo"]["manifest_sha256"] == "0" * 64
    assert {"auditor", "torch", "numpy", "python"} <= set(document["made"])
    assert document["settings"]["detectors"]["mm-bd"]["starts"] > 0
    assert (document["settings"]["seed"], document["settings"]["fpr"]) == (0, 0.01)


def test_what_is_published_is_read_again(document: Document, tmp_path: Path):
    publish(document, tmp_path / "out", plot=False)
    assert read_result(tmp_path / "out") == document
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == [
        "detection.json",
        "detection.md",
    ]
    with pytest.raises(UsageError, match="cannot be read"):
        read_result(tmp_path)


def test_the_readme_is_changed_between_its_markers_only(document: Document, tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text(README)
    update_readme(readme, document)
    text = readme.read_text()
    assert text.startswith(f"# It\n\nbefore\n\n{BEGIN}\n**Entity backdoors**\n\n| detector |")
    assert text.endswith(f"\n{END}\n\nafter\n")
    assert "stale" not in text
    update_readme(readme, document)
    assert readme.read_text() == text


@pytest.mark.parametrize("text", ["none", BEGIN, f"{END} {BEGIN}", README + README])
def test_a_readme_without_one_pair_of_markers_is_refused(text: str, tmp_path: Path):
    with pytest.raises(ValueError, match="one pair of markers"):
        with_table(text, "table")
    (tmp_path / "README.md").write_text(text)
    with pytest.raises(UsageError, match="one pair of markers"):
        update_readme(tmp_path / "README.md", {**EMPTY})
    assert (tmp_path / "README.md").read_text() == text


EMPTY = {
    "command": "auditor",
    "made": {"machine": "m", "auditor": "0"},
    "zoo": {"name": "z", "clean": 0, "backdoored": 0, "failed": 0},
    "settings": {"entities": "e", "draws": 1, "fpr": 0.01},
    "detectors": {},
}


def test_a_table_of_nothing_has_its_header():
    title, header, *_ = readme_table(EMPTY).split("\n\n")
    assert title.startswith(f"**{ALL_VICTIMS}")
    assert header.startswith("| detector | AUROC |")


@pytest.mark.parametrize("ending", ["png", "svg"])
def test_a_plot_is_drawn(document: Document, tmp_path: Path, ending: str):
    write_plot(document, tmp_path / f"plot.{ending}")
    start = (tmp_path / f"plot.{ending}").read_bytes()[:8]
    assert start == (b"\x89PNG\r\n\x1a\n" if ending == "png" else b"<?xml ve")


def test_a_missing_package_is_said_with_what_to_install(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingPackage) as caught:
        require_plotting()
    assert "matplotlib" in caught.value.message
    assert "'.[lab]'" in caught.value.hint
    assert "--no-plot" in caught.value.hint
