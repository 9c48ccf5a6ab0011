"""Every kept seed, and a few variations of each: what once broke a reader does not do so again."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import CORPUS, TARGETS

SEEDS = sorted(path for path in CORPUS.rglob("*") if path.is_file())
SECONDS_A_CASE = 10
QUICK = [name for name in TARGETS if name not in ("report-fields", "folder", "parquet")]


@pytest.mark.parametrize("seed", SEEDS, ids=lambda path: str(path.relative_to(CORPUS)))
def test_a_seed_is_read_or_refused_in_words(seed: Path):
    start = time.process_time()
    TARGETS[seed.parent.name].run(seed.read_bytes())
    assert time.process_time() - start < SECONDS_A_CASE


def test_every_target_has_seeds_and_they_are_small():
    assert {seed.parent.name for seed in SEEDS} == set(TARGETS)
    assert sum(seed.stat().st_size for seed in SEEDS) < 500_000


def test_seeds_that_are_made_are_those_that_are_kept():
    for target, files in seeds().items():
        for name, content in files.items():
            if target not in ("image", "parquet", "report"):  # written by others, or a version
                assert (CORPUS / target / name).read_bytes() == content


@st.composite
def variations(draw: st.DrawFn, target: str) -> bytes:
    """A seed with a piece cut out, doubled, or replaced by words of the target's syntax."""
    data = draw(st.sampled_from([s.read_bytes() for s in SEEDS if s.parent.name == target]))
    at = draw(st.integers(0, len(data)))
    to = draw(st.integers(at, min(len(data), at + 50)))
    words = [word.encode("utf-8", "surrogatepass") for word in TARGETS[target].words]
    said = [st.just(b""), st.just(data[at:to] * 2), st.binary(max_size=20)]
    return data[:at] + draw(st.one_of(*said, *map(st.just, words))) + data[to:]


@pytest.mark.parametrize("target", QUICK)
def test_variations_of_seeds_are_read_or_refused(target: str):
    @settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
    @given(variations(target))
    def holds(data: bytes) -> None:
        TARGETS[target].run(data)

    holds()


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
def test_many_more_variations_are_read_or_refused(target: str):
    most = 30 if target == "report-fields" else 600

    @settings(deadline=None, max_examples=most, suppress_health_check=list(HealthCheck))
    @given(variations(target))
    def holds(data: bytes) -> None:
        TARGETS[target].run(data)

    holds()
