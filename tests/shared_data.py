"""The real models and data beside the repository, where they are at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"
DATASETS = SHARED / "hub" / "datasets" / "fixtures"
MODELS = SHARED / "hub" / "models" / "fixtures"

needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="needs ../shared beside the repository (real models and data)"
)
