from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from auditor.probes.ahead import ahead


def test_items_come_in_their_order_and_all_of_them():
    assert list(ahead(iter(range(50)))) == list(range(50))


def test_there_may_be_none():
    assert list(ahead(iter(()))) == []


def test_items_are_made_by_another_thread():
    def where() -> Iterator[int]:
        yield threading.get_ident()

    assert list(ahead(where())) != [threading.get_ident()]


def test_an_error_comes_where_its_item_would_have():
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("no more")

    items = ahead(broken())
    assert next(items) == 1
    with pytest.raises(ValueError, match="no more"):
        next(items)


def test_no_more_items_are_made_than_may_wait():
    made: list[int] = []

    def counted() -> Iterator[int]:
        for i in range(1000):
            made.append(i)
            yield i

    with closing(ahead(counted(), most=3)) as items:
        for _ in range(10):
            next(items)
    assert len(made) <= 10 + 3


def test_stopping_early_waits_for_no_item_but_the_one_in_the_making():
    started, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def slow() -> Iterator[int]:
        yield 0
        started.set()
        go_on.wait(10)
        made.append(1)
        yield 1
        made.append(2)
        yield 2

    items = ahead(slow(), most=3)
    assert next(items) == 0
    started.wait(10)
    threading.Timer(0.05, go_on.set).start()
    items.close()
    assert made == [1]
