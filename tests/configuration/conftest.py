"""Configuration files in an empty folder in which auditor is started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from auditor.configuration.file import ConfigFile, find_and_read
from auditor.errors import ExitCode, UsageError

Write = Callable[..., Path]
FINGERPRINT = "0123456789abcdef" * 2
SUPPRESSION = f"""\
[[ignore]]
fingerprint = "{FINGERPRINT}"
reason = "two breeds that look like the sign's dog"
owner = "ml-platform"
expires = 2027-01-31
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def read(here: Path) -> Callable[..., ConfigFile]:
    """Write a file and read it back as the configuration that is found here."""

    def written(content: str | bytes, name: str = "auditor.toml") -> ConfigFile:
        (here / name).write_bytes(content.encode() if isinstance(content, str) else content)
        found = find_and_read(None, Path())
        assert found is not None
        return found

    return written


@pytest.fixture
def refused(read: Callable[..., ConfigFile]) -> Callable[..., tuple[str, str]]:
    """Message and hint of a file that is wrong."""

    def wrong(content: str | bytes, name: str = "auditor.toml") -> tuple[str, str]:
        with pytest.raises(UsageError) as caught:
            read(content, name)
        assert caught.value.exit_code is ExitCode.USAGE
        assert caught.value.message.isprintable()
        assert caught.value.hint
        return caught.value.message, caught.value.hint

    return wrong
