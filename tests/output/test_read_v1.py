from __future__ import annotations

import io
import json
import time
from pathlib import Path
from typing import Any

import pytest

import auditor
from auditor.errors import UsageError
from auditor.output import json_v1, read_v1
from auditor.output.read_v1 import read_file, read_stream
from auditor.output.write import FORMATS, render
from tests.reports_for_tests import ALL, FINDING

TEXT = json_v1.render(FINDING)

REFERENCES = ("base", "own", "drift")  # under these names stand their probabilities


def refusal(said: bytes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read_stream(io.BytesIO(said), "old.json")
    assert caught.value.message.startswith("old.json: ")
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize("name", ALL)
def test_what_was_written_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(json_v1.render(ALL[name]), encoding="utf-8")
    assert read_file(path) == json_v1.to_v1(ALL[name])
    assert auditor.load_report(str(path)) == read_file(path)


def test_a_byte_order_mark_is_no_harm() -> None:
    assert read_stream(io.BytesIO(b"\xef\xbb\xbf" + TEXT.encode()), "x").verdict


@pytest.mark.parametrize(
    ("said", "named"),
    [
        (b"", "not valid JSON"),
        (b"<html>", "not valid JSON"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[" * 200_000, "not valid JSON"),
        (b"[]", "schema_version"),
        (b'{"schema_version": "1"}', "tool"),
        (TEXT.replace('"probes": 12800', f'"probes": {"9" * 400}').encode(), "out of range"),
        (TEXT.replace('"backdoor-evidence"', '"fine"').encode(), "verdict"),
    ],
)
def test_what_is_no_report_is_refused(said: bytes, named: str) -> None:
    assert named in refusal(said).message


def test_values_nested_too_deep_to_be_settings_are_refused() -> None:
    document = json.loads(TEXT) | {"settings": "HERE"}
    deep = json.dumps(document).replace('"HERE"', '{"a": ' + "[" * 900 + "]" * 900 + "}")
    assert "settings" in refusal(deep.encode()).message


def test_a_newer_report_says_what_to_update() -> None:
    error = refusal(TEXT.replace('"schema_version": "1"', '"schema_version": "7"').encode())
    assert "schema version 7, written by a newer auditor" in error.message
    assert error.hint == "Upgrade auditor: pip install --upgrade model-auditor."


def test_what_is_larger_than_any_report_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_v1, "MOST_BYTES", 1024**2)
    assert "larger than 1 MiB" in refusal(b" " * (1024**2 + 1)).message
    read_stream(io.BytesIO(TEXT.encode()), "x")


@pytest.mark.parametrize("wrong", [{}, 0, {"fingerprint": 1}])
def test_a_long_list_of_nonsense_is_refused_at_its_first_item(wrong: object) -> None:
    """Each item used to cost ten kilobytes of complaints: gigabytes for a small file."""
    document = json.loads(TEXT) | {"findings": [wrong] * 20_000}
    start = time.process_time()
    error = refusal(json.dumps(document).encode())
    assert "findings[0]" in error.message
    assert time.process_time() - start < 1


def test_a_list_inside_an_item_is_refused_at_its_first_item_too() -> None:
    document = json.loads(json_v1.render(ALL["finding"]))
    document["findings"][0]["evidence"] = [{}] * 20_000
    start = time.process_time()
    assert "findings[0].evidence[0]" in refusal(json.dumps(document).encode()).message
    assert time.process_time() - start < 1


def test_an_object_of_very_many_keys_is_refused() -> None:
    document = json.loads(TEXT) | {str(i): 0 for i in range(20_000)}
    assert "more than 10000 keys" in refusal(json.dumps(document).encode()).message


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "none.json", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(UsageError, match=reason) as caught:
            read_file(path)
        assert caught.value.message.startswith(f"{path}: ")


def with_numbers(value: Any, number: float, key: str = "") -> Any:
    """Each measured number replaced; those that are probabilities have a range of their own."""
    if isinstance(value, dict):
        return {name: with_numbers(item, number, name) for name, item in value.items()}
    if isinstance(value, list):
        return [with_numbers(item, number, key) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if key in ("false_positive_rate", "model_score", "similarity", *REFERENCES) or key.endswith(
        ("p_value", "q_value", "probability", "probabilities")
    ):
        return min(max(number, 0), 1)
    return int(number) if isinstance(value, int) else number


@pytest.mark.parametrize("number", [0, 5e-324, 1e-9, 1e18])
@pytest.mark.parametrize("name", ALL)
def test_extreme_numbers_cost_no_format(name: str, number: float) -> None:
    document = with_numbers(json.loads(json_v1.render(ALL[name])), number)
    report = read_stream(io.BytesIO(json.dumps(document).encode()), "x")
    for format in FORMATS:
        assert render(report, format)
