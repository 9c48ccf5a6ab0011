from __future__ import annotations

import base64
import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank, Instance
from auditor.evidence.pictures import MOST_PICTURES, SIDE, thumbnail, with_pictures
from auditor.probes.run import Probed, Slot
from auditor.references.build import CleanFeatures
from auditor.types import (
    Entity,
    Example,
    Finding,
    InstanceSource,
    Neighbour,
    Pictures,
    Predictions,
)
from tests.reports_for_tests import DOGS_FINDING

ENTITIES = tuple(
    Entity(id=f"e{i}", name=f"entity {i}", source=InstanceSource.PHOTOGRAPH) for i in range(40)
)
RED, BLUE = (220, 30, 30), (30, 30, 220)


def bank(*, broken: bool = False) -> EntityBank:
    """Instances with a red left half and a black right half."""

    def draw(entity: int, instance: int) -> Instance:
        if broken:
            raise UnreadableImageError("gone")
        image = Image.new("RGB", (64, 64))
        image.paste(RED, (0, 0, 32, 64))
        return Instance(f"{instance}.png", image)

    return EntityBank(
        source="made",
        instance_source=InstanceSource.PHOTOGRAPH,
        entities=ENTITIES,
        counts=(1,) * len(ENTITIES),
        draw=draw,
    )


def sized(images: list[Image.Image]) -> np.ndarray:
    small = [np.asarray(image.resize((128, 128))) for image in images]
    return np.stack(small).transpose(0, 3, 1, 2)


PROBED = Probed(
    predictions=Predictions(*(np.zeros(0) for _ in range(4))),
    instance_names={Slot(i, 0): "0.png" for i in range(len(ENTITIES))},
    unreadable=(),
    seconds_model=0.0,
    complete=True,
)
CLEAN = CleanFeatures(
    features=np.zeros((2, 1), np.float32),
    labels=np.zeros(2, np.int64),
    names=("a.png", "b.png"),
    show=lambda i: Image.new("RGB", (30, 20), BLUE if i else RED),
)


def finding(count: int = 1, view: str = "as it is") -> Finding:
    return replace(
        DOGS_FINDING,
        examples=tuple(
            Example(
                entity_id=f"e{i}",
                instance="0.png",
                view=view,
                predicted_index=0,
                probability=0.9,
                neighbours=(Neighbour(instance="b.png", label_index=0, similarity=0.5),),
            )
            for i in range(count)
        ),
    )


def illustrated(*findings: Finding, wanted: Pictures = Pictures.ALL, clean=CLEAN, of=None):
    return with_pictures(findings, PROBED, of or bank(), clean, sized, wanted)


def opened(uri: str | None) -> Image.Image:
    assert uri is not None
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_picture_shows_what_the_model_was_shown():
    (told,) = illustrated(finding())
    image = opened(told.examples[0].picture)
    assert image.size == (SIDE, SIDE)
    assert image.getpixel((10, 48)) == pytest.approx(RED, abs=12)
    assert image.getpixel((90, 48)) == pytest.approx((0, 0, 0), abs=12)
    near = opened(told.examples[0].neighbours[0].picture)
    assert near.getpixel((48, 48)) == pytest.approx(BLUE, abs=12)


def test_the_view_of_the_probe_is_in_its_picture():
    sharp, soft = (
        opened(illustrated(finding(view=view))[0].examples[0].picture).convert("L")
        for view in ("as it is", "blurred")
    )
    edge = [abs(image.getpixel((46, 48)) - image.getpixel((49, 48))) for image in (sharp, soft)]
    assert edge[0] > 1.2 * edge[1]


@pytest.mark.parametrize(
    ("wanted", "probe", "near"),
    [(Pictures.ALL, True, True), (Pictures.ENTITIES, True, False), (Pictures.NONE, False, False)],
)
def test_only_the_pictures_wanted_are_kept(wanted: Pictures, probe: bool, near: bool):
    example = illustrated(finding(), wanted=wanted)[0].examples[0]
    assert (example.picture is not None, example.neighbours[0].picture is not None) == (probe, near)


def test_a_report_holds_a_limited_number_the_first_findings_first():
    told = illustrated(finding(40), finding(40, view="zoomed"))
    kept = [[e.picture is not None for e in one.examples] for one in told]
    assert kept[0] == [True] * 40
    # One of the pictures is the neighbour that all share.
    assert sum(kept[1]) == MOST_PICTURES - 41


def test_what_cannot_be_read_any_more_has_no_picture():
    (told,) = illustrated(finding(), of=bank(broken=True))
    assert told.examples[0].picture is None
    assert told.examples[0].neighbours[0].picture is not None


def test_without_clean_data_at_hand_neighbours_have_no_picture():
    for clean in (None, replace(CLEAN, show=None)):
        (told,) = illustrated(finding(), clean=clean)
        assert told.examples[0].picture is not None
        assert told.examples[0].neighbours[0].picture is None


def test_a_thumbnail_is_small():
    noise = np.random.default_rng(0).integers(0, 256, (3, 640, 480), dtype=np.uint8)
    assert opened(thumbnail(noise)).size == (72, 96)
    assert len(thumbnail(noise)) < 16_000
