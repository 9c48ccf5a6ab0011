"""Small pictures of the probes behind findings, and of the clean images nearest to them.

A picture shows what the model was shown: at its size, under the view of the probe.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from auditor.datasets.labelled import UnreadableImageError
from auditor.entities.bank import EntityBank
from auditor.probes.run import Probed, Slot
from auditor.probes.views import VIEWS
from auditor.references.build import CleanFeatures
from auditor.types import Example, Finding, Neighbour, Pictures

SIDE = 96
QUALITY = 80
MOST_PICTURES = 60  # of one report, some 3 kB each

# Images -> pixels `(N, 3, H, W)` at the model's size.
Sized = Callable[[Sequence[Image.Image]], NDArray[np.uint8]]


def with_pictures(
    findings: Sequence[Finding],
    probed: Probed,
    bank: EntityBank,
    clean: CleanFeatures | None,
    sized: Sized,
    wanted: Pictures,
) -> tuple[Finding, ...]:
    """The findings with a picture for each example and neighbour, as many as a report may hold.

    Args:
        findings: What was called, with examples and neighbours.
        probed: Which instance an example shows.
        bank: Draws the instances again.
        clean: Shows the clean images again; None without clean data.
        sized: How the model has pictures sized.
        wanted: Which pictures to keep.
    """
    if wanted is Pictures.NONE:
        return tuple(findings)
    shown_clean = clean if wanted is Pictures.ALL else None
    album = _Album(_slots(probed, bank), bank, shown_clean, sized, seen={})
    return tuple(
        replace(finding, examples=tuple(album.illustrated(e) for e in finding.examples))
        for finding in findings
    )


def thumbnail(pixels: NDArray[np.uint8]) -> str:
    """Pixels `(3, H, W)` as a JPEG of at most `SIDE` pixels a side, in a data URI."""
    image = Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0)))
    image.thumbnail((SIDE, SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode("ascii")


def _slots(probed: Probed, bank: EntityBank) -> dict[tuple[str, str], Slot]:
    """Which instance an example shows, by what a reader looks it up with; of two the first."""
    slots: dict[tuple[str, str], Slot] = {}
    for slot, name in probed.instance_names.items():
        slots.setdefault((bank.entities[slot.entity].id, name), slot)
    return slots


@dataclass(frozen=True, slots=True, eq=False)
class _Album:
    """The pictures made so far, by what they show; `None` stands for one that there is not."""

    slots: Mapping[tuple[str, str], Slot]
    bank: EntityBank
    clean: CleanFeatures | None
    sized: Sized
    seen: dict[tuple[str, ...], str | None]

    def illustrated(self, example: Example) -> Example:
        """The example with its picture and those of its neighbours."""
        return replace(
            example,
            picture=self._once(
                (example.entity_id, example.instance, example.view), partial(self._probe, example)
            ),
            neighbours=tuple(
                replace(one, picture=self._once((one.instance,), partial(self._clean, one)))
                for one in example.neighbours
            ),
        )

    def _once(self, what: tuple[str, ...], make: Callable[[], str | None]) -> str | None:
        if what not in self.seen:
            if len(self.seen) >= MOST_PICTURES:
                return None
            try:
                self.seen[what] = make()
            except UnreadableImageError:  # it could be read a moment ago
                self.seen[what] = None
        return self.seen[what]

    def _probe(self, example: Example) -> str:
        slot = self.slots[example.entity_id, example.instance]
        pixels = self.sized([self.bank.draw(*slot).image])
        # No view draws at random today; one that will shows another draw of the same kind.
        return thumbnail(VIEWS[example.view](pixels, np.random.default_rng(0))[0])

    def _clean(self, neighbour: Neighbour) -> str | None:
        if self.clean is None or self.clean.show is None:
            return None
        image = self.clean.show(self.clean.names.index(neighbour.instance))
        return thumbnail(self.sized([image])[0])
