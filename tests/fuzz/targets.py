"""What is fuzzed: readers of foreign bytes, each as a function of bytes.

A target returns where the bytes were read or refused in auditor's own words; anything else that it
raises is a bug. The same targets serve the kept seeds, hypothesis and atheris.
"""

from __future__ import annotations

import copy
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from auditor.checkpoints.card import declared_base
from auditor.checkpoints.classifier import architecture_of, labels_of
from auditor.checkpoints.inspect import inspect
from auditor.checkpoints.json_file import read_json_object
from auditor.checkpoints.safetensors_header import read_header
from auditor.configuration.environment import NAMES, read_environment
from auditor.configuration.file import OWN_NAME, SHARED_NAME, find_and_read
from auditor.datasets.labelled import UnreadableImageError, decode
from auditor.datasets.open import DatasetSpec, open_dataset
from auditor.diff import diff_v1, markdown, terminal
from auditor.diff.compare import compare
from auditor.errors import AuditorError
from auditor.lab.spec_file import read_yaml
from auditor.output import escaping
from auditor.output.json_v1 import parse
from auditor.output.read_v1 import read_file
from auditor.output.write import FORMATS, render
from auditor.rules import read_rules
from tests.output.hostile import HOSTILE

CORPUS = Path(__file__).parent / "corpus"
BETWEEN_FILES = b"\n%%%% "
# Names that an inspected folder may hold; anything else would be skipped by name alone.
FILES = (
    *("config.json", "model.safetensors", "model.safetensors.index.json", "README.md"),
    *("a.safetensors", "adapter_config.json", "preprocessor_config.json", "model.onnx"),
)
VALUES: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**31, 2**63 - 1, 10**18, 0.5, -0.0, 1e308, 5e-324),
    *([], {}, [[]], {"": {}}, "data:image/png;base64,AAAA", *HOSTILE),
)


class LeakError(Exception):
    """A message or a text that does not fit where it will be shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One thing to fuzz.

    Attributes:
        run: Reads the bytes; raises where there is a bug.
        share: How much of the time of a bounded run it gets, relative to others.
        words: What its syntax is made of, for fuzzers that put bytes together.
    """

    run: Callable[[bytes], None]
    share: int = 1
    words: tuple[str, ...] = ()


def _refusable(read: Callable[[bytes], object]) -> Callable[[bytes], None]:
    """A target of a reader, which may refuse with a message and a hint."""

    def run(data: bytes) -> None:
        try:
            read(data)
        except AuditorError as error:
            # What `tell` makes of it is one printable line whatever it holds; empty it must not be.
            if not error.message.strip() or not error.hint.strip():
                raise LeakError("an error without words") from error
            if len(error.message) > 5000:
                raise LeakError("an endless message") from error

    return run


@cache
def _room() -> Path:
    memory = Path("/dev/shm")
    return Path(tempfile.mkdtemp(prefix="fuzz-", dir=memory if memory.is_dir() else None))


def _file(name: str, data: bytes) -> Path:
    path = _room() / name
    path.write_bytes(data)
    return path


def _folder(data: bytes) -> Path:
    """A folder of the files that the bytes describe: `%%%% NAME` on a line, then its content."""
    folder = _room() / "folder"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in (b"\n" + data).split(BETWEEN_FILES)[1:]:
        name, _, content = part.partition(b"\n")
        if name.decode("latin-1") in FILES:
            (folder / name.decode("latin-1")).write_bytes(content)
    return folder


def _config_json(data: bytes) -> None:
    config = read_json_object(_file("config.json", data))
    architecture_of(config)
    labels_of(config)


def _rules(data: bytes) -> None:
    read_rules(_file("rule.yaml", data))


def _settings(data: bytes) -> None:
    path = _file(SHARED_NAME if b"[tool" in data[:200] else OWN_NAME, data)
    find_and_read(path, _room())


def _environment(data: bytes) -> None:
    names, text = sorted(NAMES), data.decode("utf-8", "surrogateescape").replace("\0", "")
    read_environment({names[len(data) % len(names)]: text, "AUDITOR_" + text[:20]: text})


def _parquet(data: bytes) -> None:
    folder = _room() / "parquet"
    folder.mkdir(exist_ok=True)
    (folder / "train.parquet").write_bytes(data)
    images = open_dataset(DatasetSpec(source=str(folder)))
    for row in range(min(3, len(images))):
        try:
            images.image(row)
        except UnreadableImageError:
            continue


def _image(data: bytes) -> None:
    try:
        decode(data)
    except UnreadableImageError as error:
        if not str(error):
            raise LeakError("an error without words") from error


def _report(data: bytes) -> None:
    report = read_file(_file("report.json", data))
    for format in FORMATS:
        render(report, format)


def _report_fields(data: bytes) -> None:
    """A valid report with a few values put in that the bytes choose."""
    parts = [data[i : i + 3] for i in range(0, min(len(data), 30), 3)]
    document = copy.deepcopy(_document())
    for part in (each for each in parts if len(each) == 3):
        _put(document, int.from_bytes(part[:2], "little"), VALUES[part[2] % len(VALUES)])
    after = parse(json.dumps(document))
    for format in FORMATS:
        text = render(after, format)
        if format in ("rich", "json") and not text.replace("\n", "").isprintable():
            raise LeakError(f"{format} holds what cannot be printed")
    difference = compare(parse(json.dumps(_document())), after)
    diff_v1.render(difference, "high")
    markdown.render(difference, "high")
    terminal.render(difference, "high", width=80, color=False)


@cache
def _document() -> dict[str, Any]:
    said: dict[str, Any] = json.loads((CORPUS / "report" / "finding.json").read_bytes())
    return said


def _put(node: Any, place: int, value: Any) -> None:
    """Replace the `place`-th value of a document, counted as it is walked, by another."""
    places: list[tuple[Any, Any]] = []
    todo = [node]
    while todo:
        each = todo.pop()
        keys = each if isinstance(each, dict) else range(len(each))
        for key in keys:
            places.append((each, key))
            if isinstance(each[key], dict | list):
                todo.append(each[key])
    holder, key = places[place % len(places)]
    holder[key] = copy.deepcopy(value)


def _escaping(data: bytes) -> None:
    text = data.decode("utf-8", "surrogatepass" if len(data) % 2 else "replace")
    for limit in (4, 20, 120):
        for fit in (
            escaping.for_terminal,
            escaping.prose_for_terminal,
            escaping.for_markdown,
            escaping.for_xml,
            escaping.for_sarif,
        ):
            shown = fit(text, limit)
            if not shown.isprintable() or len(shown) > limit or "##" in shown or "::" in shown:
                raise LeakError(f"{fit.__name__} lets {shown!r} through")
    _require_harmless_markdown(escaping.for_markdown(text))


def _require_harmless_markdown(shown: str) -> None:
    for mark in ("<", ">", "`", "*", "_", "[", "]", "|", "~", "\\", "://"):
        if mark in shown:
            raise LeakError(f"Markdown gets {mark}: {shown!r}")


def _escaping_or_not_utf8(data: bytes) -> None:
    try:
        _escaping(data)
    except UnicodeDecodeError:
        return  # not even half a surrogate: no string of Python's


JSON_WORDS = ('{"', '":', '"}', "[", "]", ",", "null", "1e309", "NaN", '"\\ud800"', "9" * 30)
TARGETS: Mapping[str, Target] = {
    "safetensors": Target(
        run=_refusable(lambda data: read_header(_file("model.safetensors", data))),
        share=2,
        words=('"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"F32"', *JSON_WORDS),
    ),
    "config-json": Target(
        run=_refusable(_config_json),
        words=('"id2label"', '"num_labels"', '"architectures"', *JSON_WORDS),
    ),
    "folder": Target(
        run=_refusable(lambda data: inspect(_folder(data), source="folder")),
        words=tuple(f"\n%%%% {name}\n" for name in FILES),
    ),
    "card": Target(
        run=_refusable(lambda data: declared_base(_file("README.md", data))),
        words=("---\n", "base_model:", "&a ", "*a", "<<: ", "!!int ", "!!timestamp ", "? ", "- "),
    ),
    "rules": Target(
        run=_refusable(_rules),
        share=2,
        words=("id: rule\n", "&a ", "*a", "<<: ", "!!int ", "!!timestamp ", "!!bool ", "? ", "- "),
    ),
    "lab-yaml": Target(
        run=_refusable(lambda data: read_yaml(_file("spec.yaml", data))),
        words=("&a ", "*a", "<<: ", "!!int ", "!!timestamp ", "!!bool ", "!!float ", "? ", "- "),
    ),
    "settings": Target(
        run=_refusable(_settings),
        share=2,
        words=("[[ignore]]\n", "fpr = ", "[tool.auditor]\n", '"""', "'''", "expires = ", "\\u0000"),
    ),
    "environment": Target(run=_refusable(_environment)),
    "report": Target(run=_refusable(_report), words=('"schema_version": "1"', *JSON_WORDS)),
    "report-fields": Target(run=_refusable(_report_fields), share=2),
    "escaping": Target(
        run=_escaping_or_not_utf8,
        share=2,
        words=("::", "##", "\u202e", "\u200b", "](", "![", "://", "GH-1", "&#64;", "\u0301"),
    ),
    "image": Target(run=_refusable(_image)),
    "parquet": Target(run=_refusable(_parquet)),
}
