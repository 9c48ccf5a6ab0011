"""Writes `docs/licences.md`: `python tools/licences.py`, or `make docs`.

The licence of every package that auditor needs, directly or through another, as the installed
packages themselves declare it. `tests/docs/test_licences.py` fails where the page is out of date.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
UNKNOWN = "unknown"
# Come with torch where it is built for a GPU, under NVIDIA's terms; CPU builds have none of them.
OF_A_GPU = re.compile(r"(nvidia|cuda|triton)(-.*)?")
EXTRAS = {
    "": "auditor",
    "diffusion": "its extra *diffusion*",
    "lab": "its extra *lab*",
    "dev": "its extra *dev*",
}
HEAD = """# Licences of what auditor needs

<!-- Made by `make docs` from the installed packages. -->

auditor itself is under [Apache-2.0](../LICENSE) and contains no code of others. It needs these
packages, directly or through one another; each is listed where it is needed first. Versions are
those of `constraints.txt`, licences as the packages declare them. Where torch is built for a GPU,
it brings packages of NVIDIA under NVIDIA's own terms; they are not listed.

| package | licence | needed by |
| --- | --- | --- |
"""
# What classifiers call licences, as SPDX does.
CLASSIFIED = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}


# Read in their licence files: these declare nothing. The second carries axe-core, which is MPL-2.0.
READ = {"atheris": "Apache-2.0", "axe-playwright-python": "MIT AND MPL-2.0"}


def needed(extra: str) -> set[str]:
    """Canonical names of installed packages that auditor with this extra needs."""
    todo = [(line, frozenset[str]()) for line in _declared(extra)]
    seen: set[tuple[str, frozenset[str]]] = set()
    found: set[str] = set()
    while todo:
        line, extras = todo.pop()
        requirement = Requirement(line)
        name = canonicalize_name(requirement.name)
        if _holds(requirement, extras | {""}) and _is_installed(name):
            found.add(name)
            theirs = frozenset(requirement.extras)
            if (name, theirs) not in seen:
                seen.add((name, theirs))
                todo += [(each, theirs) for each in metadata.requires(name) or ()]
    return {name for name in found if not OF_A_GPU.fullmatch(name)}


def licence_of(name: str) -> str:
    """The licence that a package declares: an SPDX expression, classifiers, or a short line."""
    said = metadata.metadata(name)
    if said.get("License-Expression"):
        return str(said["License-Expression"])
    classified = [
        line.rpartition(" :: ")[2]
        for line in said.get_all("Classifier") or ()
        if line.startswith("License :: ") and not line.endswith(":: OSI Approved")
    ]
    if classified:
        return ", ".join(sorted({CLASSIFIED.get(each, each) for each in classified}))
    lines = str(said.get("License") or "").strip().splitlines()
    return lines[0][:80] if lines and lines[0].strip() else READ.get(name, UNKNOWN)


def rows() -> dict[str, str]:
    """The row of each package, by canonical name."""
    found: dict[str, str] = {}
    for extra, who in EXTRAS.items():
        for name in sorted(needed(extra) - found.keys()):
            found[name] = f"| {name} | {_cell(licence_of(name))} | {who} |"
    return found


def page(rows: Iterable[str]) -> str:
    """The whole page."""
    return HEAD + "".join(f"{row}\n" for row in rows)


def _declared(extra: str) -> list[str]:
    """What `pyproject.toml` asks for: the installed auditor may be of an older one."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted: list[str] = (
        project["optional-dependencies"][extra] if extra else project["dependencies"]
    )
    return wanted


def _holds(requirement: Requirement, extras: frozenset[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def _is_installed(name: str) -> bool:
    try:
        metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return False
    return True


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(rows().values()), encoding="utf-8")


if __name__ == "__main__":
    main()
