"""Draws docs/pictures/synthesised.png: `python tools/sheet.py BASE`.

BASE is a public ImageNet classifier whose licence allows what is made of it to be shown; that of
the sheet in the repository is MobileNet v1 0.75 at 192 pixels (Apache-2.0). Instances are made as
`--entities base` makes them, of labels that were written down before any was seen.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from auditor.checkpoints.resolve import resolve  # noqa: E402
from auditor.entities.synthesised.bank import side_shown  # noqa: E402
from auditor.entities.synthesised.labels import named_labels  # noqa: E402
from auditor.entities.synthesised.maximise import maximise  # noqa: E402
from auditor.entities.synthesised.recipe import RECIPE  # noqa: E402
from auditor.models.torch_image import load_torch  # noqa: E402

SHEET = ROOT / "docs" / "pictures" / "synthesised.png"
NAMES = (
    *("Siberian husky", "tabby", "goldfish", "ostrich", "monarch", "volcano", "school bus"),
    *("pizza", "strawberry", "spider web", "castle", "lighthouse", "umbrella", "dalmatian"),
)
COLUMNS, INSTANCES, CAPTION, GAP, ENLARGED = 7, 2, 14, 4, 2


def main(arguments: list[str]) -> None:
    """Make the instances and put them on one sheet, each label above its instances."""
    base = load_torch(resolve(arguments[0]), device="cpu")
    by_name = {
        name: label
        for label, entity in named_labels(base.labels, arguments[0])
        for name in (entity.name, *entity.synonyms)
    }
    labels = [by_name[name] for name in NAMES]
    side = side_shown(base, RECIPE)
    rounds = [
        maximise(base, labels, RECIPE, side=side, seeds=[(0, label, j) for label in labels])
        for j in range(INSTANCES)
    ]
    size = RECIPE.size * ENLARGED
    cell = (size + GAP, CAPTION + INSTANCES * (size + GAP))
    rows = -(-len(labels) // COLUMNS)
    sheet = Image.new("RGB", (COLUMNS * cell[0], rows * cell[1]), "white")
    for i, name in enumerate(NAMES):
        left, top = (i % COLUMNS) * cell[0], (i // COLUMNS) * cell[1]
        ImageDraw.Draw(sheet).text((left + 2, top + 1), name, fill="black")
        for j, made in enumerate(rounds):
            picture = Image.fromarray(np.ascontiguousarray(made[i].transpose(1, 2, 0)))
            enlarged = picture.resize((size, size), Image.Resampling.BICUBIC)
            sheet.paste(enlarged, (left, top + CAPTION + j * (size + GAP)))
    SHEET.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(256, dither=Image.Dither.NONE).save(SHEET, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
