"""Prepare the next batches while the model works on this one."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")

_NO_MORE = object()


def ahead(items: Iterator[T], *, most: int = 4) -> Iterator[T]:
    """The same items in the same order, up to `most` of them made before they are asked for.

    One worker thread runs `items`, so that decoding pictures overlaps with the forward pass,
    which leaves the interpreter free. An error in `items` is raised here.
    """
    with ThreadPoolExecutor(max_workers=1) as worker:
        pending = deque(worker.submit(next, items, _NO_MORE) for _ in range(most))
        try:
            while (item := pending.popleft().result()) is not _NO_MORE:
                pending.append(worker.submit(next, items, _NO_MORE))
                yield cast(T, item)
        finally:  # whoever stops early does not wait for what nobody will look at
            for to_come in pending:
                to_come.cancel()
