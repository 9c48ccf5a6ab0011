"""Download progress: from the bar that the Hub client wants to a plain callback."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

# Called with the file's name, the bytes there are so far, and how many there will be.
Progress = Callable[[str, int, int | None], None]


class DownloadBar:
    """Stands where the client would draw a progress bar; draws nothing.

    The client makes the bar itself and takes a class, so what differs from file to file is
    held by the subclass that `bar_class` makes.
    """

    file: ClassVar[str] = ""
    listeners: ClassVar[tuple[Progress, ...]] = ()

    def __init__(self, *_: Any, total: int | None = None, initial: int = 0, **__: Any) -> None:
        self.total = total
        self.n = initial

    def update(self, amount: float | None = 1) -> None:
        """Take note of bytes written to the file."""
        self.n += int(amount or 0)
        for tell in self.listeners:
            tell(self.file, self.n, self.total)

    def update_transfer(self, amount: float | None = 1) -> None:
        """Ignore bytes on the wire: `update` is told those of the file."""

    def set_postfix_str(self, *_: Any, **__: Any) -> None:
        """Ignore the speed."""

    def set_transfer_postfix_str(self, *_: Any, **__: Any) -> None:
        """Ignore the speed on the wire."""

    def refresh(self) -> None:
        """Draw nothing."""

    def close(self) -> None:
        """Close nothing."""

    def __enter__(self) -> DownloadBar:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def bar_class(file: str, progress: Progress | None) -> type[DownloadBar]:
    """Make the class that the client uses as its progress bar for one file.

    Args:
        file: The file's name.
        progress: Whom to tell, if anybody.

    Returns:
        A subclass of `DownloadBar`.
    """
    listeners = () if progress is None else (progress,)
    return type("FileDownloadBar", (DownloadBar,), {"file": file, "listeners": listeners})
