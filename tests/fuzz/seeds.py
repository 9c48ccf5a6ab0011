"""Writes the seeds that are made rather than found: `python -m tests.fuzz.seeds`.

Inputs that once broke something lie beside them, named after what was wrong; those are kept as
they are. Every seed is small: thousands of variations of it are tried.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from safetensors.numpy import save

from auditor.output.json_v1 import render
from auditor.shipped import shipped
from tests.fuzz.targets import CORPUS
from tests.reports_for_tests import FINDING

CONFIG = {
    "architectures": ["ViTForImageClassification"],
    "id2label": {"0": "cat", "1": "dog"},
    "num_labels": 2,
}
CARD = "---\nbase_model: org/base\ntags: [a, &b c, *b]\n---\n# A model\n"
SETTINGS = """fpr = 0.05
fail-on = "medium"
output = {json = "report.json"}
allow = ["dog=animal shelter"]

[[ignore]]
fingerprint = "0123456789abcdef0123456789abcdef"
reason = "known"
owner = "me"
expires = 2030-01-31
"""
NASTY = "a\u202eb ::set-output name=x::y ##[error] @ana #12 [a](javascript:b) <b>&#64; `c` | d "


def seeds() -> dict[str, dict[str, bytes]]:
    """By target and name."""
    weights = save({"classifier.weight": np.zeros((2, 3), np.float32)})
    config = json.dumps(CONFIG).encode()
    shards = json.dumps({"weight_map": {"classifier.weight": "a.safetensors"}}).encode()
    folder = {"config.json": config, "model.safetensors": weights, "README.md": CARD.encode()}
    sharded = {
        "config.json": config,
        "model.safetensors.index.json": shards,
        "a.safetensors": weights,
    }
    return {
        "safetensors": {"one-tensor": weights, "none": save({})},
        "config-json": {"two-labels": config},
        "folder": {"whole": _folder(folder), "sharded": _folder(sharded)},
        "card": {"with-base": CARD.encode()},
        "rules": {"class-share": (shipped("rules") / "class-share.yaml").read_bytes()},
        "lab-yaml": {"merged": b"a: &a {x: 1}\nb:\n  <<: *a\n  y: [2.5, true, 2020-01-01]\n"},
        "settings": {
            "own.toml": SETTINGS.encode(),
            "shared.toml": b'[tool.auditor]\ndepth = "deep"\n',
        },
        "environment": {"number": b"0.05", "lines": b"a=b\nc=d"},
        "report": {"finding.json": render(FINDING).encode()},
        "report-fields": {"few": bytes(range(30))},
        "escaping": {"nasty": NASTY.encode(), "half": b"a\xed\xa0\x80b"},
        "image": {"red.png": _picture("PNG"), "red.jpg": _picture("JPEG")},
        "parquet": {"one.parquet": _parquet()},
    }


def _folder(files: dict[str, bytes]) -> bytes:
    return b"".join(b"\n%%%% " + name.encode() + b"\n" + data for name, data in files.items())


def _picture(format: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2), (255, 0, 0)).save(out, format)
    return out.getvalue()


def _parquet() -> bytes:
    rows = {"image": [{"bytes": _picture("PNG"), "path": "a"}] * 2, "label": ["cup", "tree"]}
    out = io.BytesIO()
    pq.write_table(pa.table(rows), out, compression="none")
    return out.getvalue()


def write(corpus: Path = CORPUS) -> None:
    """Write every seed."""
    for target, files in seeds().items():
        (corpus / target).mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (corpus / target / name).write_bytes(data)


if __name__ == "__main__":
    write()
