"""Finds the data files that travel with auditor: rules, schemas, stored nulls.

They stand at the top of the repository, where people look for them; the wheel carries them
inside the package.
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def shipped(folder: str) -> Path:
    """The folder `rules` or `reports`, installed or in a checkout.

    Raises:
        FileNotFoundError: auditor was installed without its data files.
    """
    for root in (_PACKAGE / "_shipped", _PACKAGE.parent):
        if (root / folder).is_dir():
            return root / folder
    raise FileNotFoundError(f"{folder} is missing from the installation of auditor")
