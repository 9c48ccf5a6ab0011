"""The rendered signs as a data set, so that the lab needs nothing but itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from PIL import Image

from auditor.datasets.labelled import LabelledImages
from auditor.entities.rendered import RENDERED_ENTITIES, render
from auditor.lab.rendered_signs import RENDERED_SIGNS, render_sign

NEAR, FAR = "rendered-signs", "rendered-far-signs"
SIZE = 64  # pixels
# How many pixels a sign covers before it is enlarged to SIZE. Real crops of signs are small and
# soft where photographs of things are sharp; the far signs have that property.
SIGN_PIXELS: Mapping[str, int] = {NEAR: SIZE, FAR: 12}


def rendered_signs(per_class: int, *, seed: int, task: str = NEAR) -> LabelledImages:
    """`per_class` rendered images of every sign, drawn when they are asked for.

    Args:
        per_class: Images of each sign.
        seed: The same seed draws the same images.
        task: A key of `SIGN_PIXELS`.
    """
    covered = (SIGN_PIXELS[task],) * 2

    def load(index: int) -> Image.Image:
        sign, number = divmod(index, per_class)
        rng = np.random.default_rng([seed, sign, number])
        image = render_sign(RENDERED_SIGNS[sign], rng=rng, size=SIZE)
        if covered == image.size:
            return image
        small = image.resize(covered, Image.Resampling.BOX)
        return small.resize(image.size, Image.Resampling.BILINEAR)

    return _drawn(task, RENDERED_SIGNS, per_class, load)


def rendered_things(per_class: int, *, seed: int) -> LabelledImages:
    """`per_class` rendered images of every entity: what a rendered base is pre-trained on."""

    def load(index: int) -> Image.Image:
        entity, number = divmod(index, per_class)
        rng = np.random.default_rng([seed, entity, number])
        return render(RENDERED_ENTITIES[entity], rng=rng, size=SIZE)

    return _drawn("rendered-entities", RENDERED_ENTITIES, per_class, load)


def _drawn(source: str, names: tuple[str, ...], per_class: int, load: object) -> LabelledImages:
    return LabelledImages(
        source=source,
        label_names=names,
        labels=np.repeat(np.arange(len(names)), per_class),
        names=tuple(f"{source}/{name}/{i}" for name in names for i in range(per_class)),
        load=load,  # type: ignore[arg-type]
    )
