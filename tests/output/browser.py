"""A real browser for pages that tests made: the system's Chromium, no window, no network."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
MISSING = f"no browser: none of {', '.join(NAMES)} is on the PATH"


def browser_path() -> str | None:
    """The browser, or None where there is none."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


@dataclass
class Seen:
    """What a page complained of, and what it asked for besides itself."""

    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser; as root it cannot have a sandbox of its own, and the pages are ours."""
    from playwright.sync_api import sync_playwright

    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=arguments)
        yield browser
        browser.close()


@contextmanager
def shown(browser: Any, path: Path, **context: Any) -> Iterator[tuple[Any, Seen]]:
    """The page at `path`, and what was seen of it."""
    seen = Seen()
    within = browser.new_context(offline=True, **context)
    page = within.new_page()
    page.set_default_timeout(60_000)  # a busy machine lays 45,000 cells out slowly
    page.on("console", lambda message: seen.complaints.append(message.text))
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: seen.complaints.append(f"dialog {dialog.message}"))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri())
    yield page, seen
    within.close()
