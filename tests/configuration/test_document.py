from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import jsonschema
import pytest

from auditor.configuration.document import schema, write_schema
from tests.configuration.conftest import SUPPRESSION

SCHEMA = Path(__file__).parents[2] / "reports" / "config.schema.json"


def test_the_schema_file_is_up_to_date(tmp_path: Path):
    write_schema(tmp_path / "schema.json")
    assert SCHEMA.read_bytes() == (tmp_path / "schema.json").read_bytes(), "run: make schema"


def test_the_schema_describes_every_key():
    jsonschema.Draft7Validator.check_schema(schema())
    for table in (schema(), schema()["$defs"]["IgnoreEntry"]):
        assert table["additionalProperties"] is False
        assert all("description" in each for each in table["properties"].values())


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ('depth = "quick"\nfail-on = "low"\n[output]\njson = "r.json"\n', True),
        ('batch-size = "auto"\noutput = ["json=r.json"]\n', True),
        (SUPPRESSION.replace("2027-01-31", '"2027-01-31"'), True),
        ('depth = "dep"', False),
        ('fail_on = "low"', False),
        ("batch-size = 0", False),
        (SUPPRESSION.replace("owner", "onwer").replace("2027-01-31", '"2027-01-31"'), False),
        (SUPPRESSION.replace("0123", "xyz").replace("2027-01-31", '"2027-01-31"'), False),
    ],
)
def test_an_editor_finds_what_auditor_refuses(text: str, fits: bool):
    document = json.loads(json.dumps(tomllib.loads(text)))
    assert jsonschema.Draft7Validator(json.loads(SCHEMA.read_text())).is_valid(document) is fits


PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", PAGE.read_text(), re.DOTALL))
def test_what_the_page_shows_is_accepted(read, block: str):
    file = read(block)
    assert file.given or file.ignore
