"""The model card: which base model its YAML front matter declares.

A card is prose by whoever published the model. Nothing in it is needed to audit, so a card
that is missing, broken or hostile only means that no base is known.
"""

from __future__ import annotations

import re
from pathlib import Path

import yaml

MAX_CARD_BYTES = 262_144
_FENCE = "---"
# Only a Hub id: a card must not be able to point auditor at a path of this machine.
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)


def declared_base(card: Path) -> str | None:
    """Say what the model card names as `base_model`.

    Args:
        card: The path of `README.md`; it may be missing.

    Returns:
        A Hub id `org/name` (the first one of a list), or None.
    """
    try:
        with card.open("rb") as file:
            text = file.read(MAX_CARD_BYTES).decode("utf-8", errors="replace")
        root = yaml.compose(_front_matter(text), Loader=yaml.SafeLoader)
    except (OSError, yaml.YAMLError, ValueError, OverflowError, RecursionError):
        return None
    base = _value_of(root, "base_model")
    return base if base is not None and _HUB_ID.fullmatch(base) else None


def _front_matter(text: str) -> str:
    lines = text.removeprefix("\ufeff").splitlines()
    if not lines or lines[0].strip() != _FENCE:
        return ""
    for number, line in enumerate(lines[1:], start=1):
        if line.strip() == _FENCE:
            return "\n".join(lines[1:number])
    return ""


def _value_of(root: yaml.Node | None, key: str) -> str | None:
    # Nodes rather than constructed values: building the values would follow merge keys,
    # which a few hundred bytes of nested aliases can make as expensive as they like.
    if not isinstance(root, yaml.MappingNode):
        return None
    for name, value in root.value:
        if isinstance(name, yaml.ScalarNode) and name.value == key:
            if isinstance(value, yaml.SequenceNode) and value.value:
                value = value.value[0]
            return str(value.value).strip() if isinstance(value, yaml.ScalarNode) else None
    return None
