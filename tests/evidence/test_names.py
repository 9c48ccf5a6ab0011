from __future__ import annotations

import time

import pytest

from auditor.evidence.names import broader, says_something, senses, spellings


def same(a: str, b: str) -> bool:
    return bool(spellings(a) & spellings(b))


def kind_of(a: str, b: str) -> bool:
    """Whether an `a` is a `b`."""
    return bool(broader(a) & senses(b))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("husky", "HUSKY"),
        ("traffic light", "traffic_lights"),
        ("ice cream", "icecream"),
        ("stopwatch", "stop-watch"),
        ("cat", "cats"),
        ("bus", "buses"),
        ("horse", "horses"),
        ("glass", "Glass"),
        ("box", "boxes"),
        ("fly", "flies"),
        ("pie", "pies"),
        ("wolf", "wolves"),
        ("knife", "knives"),
        ("goose", "geese"),
        ("tabby", "tabby, tabby cat"),
        ("tabby cat", "tabby; tabby cat"),
        ("crane", "crane (bird)"),
        ("Straße", "STRASSE"),
        ("plumber's helper", "plumbers helper"),
        ("a, b", "a, b"),
    ],
)
def test_two_spellings_of_one_name(a: str, b: str):
    assert same(a, b)
    assert same(b, a)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("car", "carpet"),
        ("bus", "bu"),
        ("glass", "glas"),
        ("glass", "glasses"),
        ("plan", "plane"),
        ("pin", "pines"),
        ("gas", "ga"),
        ("new", "news"),
        ("crane", "bird (crane)"),
        ("cat", "cats or dogs"),
        ("", ""),
        ("!!!", "???"),
    ],
)
def test_two_names(a: str, b: str):
    assert not same(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Egyptian cat", "cat"),
        ("Egyptian_cats", "CAT"),
        ("school bus", "buses"),
        ("European fire salamander", "salamander"),
        ("European fire salamander", "fire salamander"),
        ("go-kart", "kart"),
        ("bottle of red wine", "bottle"),
        ("glass bottle with a label", "bottle"),
        ("jack-in-the-box", "jack"),
        ("Egyptian cat", "dog, cat"),
        ("Egyptian cat", "dogs and cats"),
        ("Egyptian cat", "CATS OR DOGS"),
        ("Egyptian cat (mammal)", "cat"),
        ("tabby, tabby cat", "cat"),
        ("hot dog bun", "bun"),
    ],
)
def test_a_name_that_ends_in_another_is_a_kind_of_it(a: str, b: str):
    assert kind_of(a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        # what stands before the noun says which one, not what
        ("stopwatch", "stop"),
        ("stop watch", "stop"),
        ("bus stop", "bus"),
        ("red fox", "red"),
        ("end table", "end"),
        ("sign language", "sign"),
        # not a whole word
        ("carpet", "pet"),
        ("trolleybus", "bus"),
        # what a preposition adds
        ("bottle of water", "water"),
        ("right of way at next crossing", "crossing"),
        ("end of speed limit", "limit"),
        # a denial
        ("no trucks", "truck"),
        ("not a dog", "dog"),
        ("non-dog", "dog"),
        ("without cats or dogs", "cat"),
        ("without cats or dogs", "dog"),
        # what is called so and is none
        ("hot dog", "dog"),
        ("hot dogs", "dog"),
        ("giant hot dog", "dog"),
        ("guinea pig", "pig"),
        ("mosquito hawk", "hawk"),
        # a class of this name claims nothing
        ("significant other", "other"),
        ("household objects", "object"),
        ("hepatitis b", "b"),
        ("Boeing 747", "747"),
        # itself
        ("cat", "cat"),
        ("", ""),
        ("of", "of"),
    ],
)
def test_a_name_that_is_no_kind_of_another(a: str, b: str):
    assert not kind_of(a, b)


def test_a_list_names_each_of_its_parts_and_a_denial_names_none():
    assert senses("cats or dogs, birds") >= {("cats",), ("dog",), ("birds",), ("bird",)}
    assert all(len(words) == 4 for words in senses("no cats or dogs"))


@pytest.mark.parametrize("word", ["other", "no", "b", "7", "", "unknown"])
def test_words_that_claim_nothing(word: str):
    assert not says_something((word,))


@pytest.mark.parametrize("words", [("cat",), ("other", "cat"), ("犬",)])
def test_words_that_claim_something(words: tuple[str, ...]):
    assert says_something(words)


@pytest.mark.parametrize(
    "hostile", ["a " * 10**6, "," * 10**6, "(" * 10**6, "x" * 10**6, "a or " * 10**5]
)
def test_a_long_name_takes_no_time(hostile: str):
    started = time.perf_counter()
    found = [spellings(hostile), senses(hostile), broader(hostile)]
    assert time.perf_counter() - started < 1
    assert sum(map(len, found)) < 5000
