"""What the pages for users hold: links, and fenced blocks with what is in them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [*(ROOT / "docs").rglob("*.md"), *(ROOT / "rules").glob("*.md"), *ROOT.glob("*.md")],
)
USER_PAGES = [page for page in PAGES if page.parent == ROOT / "docs" or page.name == "README.md"]
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)|<img[^>]* src=\"([^\"]+)\"")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks of a language."""
    found = _FENCE.findall(page.read_text(encoding="utf-8"))
    return [text for said, text in found if said == language]


def links(page: Path) -> list[str]:
    """Where links and pictures outside of fenced blocks point to."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    return [one or other for one, other in _LINK.findall(text)]


def commands(page: Path) -> list[list[str]]:
    """The `auditor` commands that a page shows: typed ones, and those in a script of GitLab."""
    lines = []
    for block in blocks(page, "console"):
        joined = block.replace("\\\n", " ")
        lines += [line[2:] for line in joined.splitlines() if line.startswith("$ auditor ")]
    for document in map(yaml.safe_load, blocks(page, "yaml")):
        for job in document.values() if isinstance(document, dict) else ():
            if isinstance(job, dict) and "script" in job:
                lines += [line for line in job["script"] if line.startswith("auditor ")]
    return [shlex.split(line.partition(" > ")[0], comments=True)[1:] for line in lines]


def workflows(page: Path) -> list[dict[str, Any]]:
    """The workflows of GitHub that a page shows."""
    documents = [yaml.load(block, yaml.BaseLoader) for block in blocks(page, "yaml")]
    return [document for document in documents if "jobs" in document]
