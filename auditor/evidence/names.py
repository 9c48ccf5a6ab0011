"""What a name means, as far as its spelling tells: the same thing, or a kind of it.

An English name ends in what it names, and what stands before that tells which one: a school bus
is a bus, a bus stop is none. So one name is a kind of another where it *ends* in the other's
words, and never where it merely contains them. Whole words count: "stop" is not in "stopwatch".

What a preposition adds is no part of that ("right of way": a right, no way), a denial has no kinds
("no trucks": no truck), and words that fit everything ("other", "end") are nobody's kind.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

Words = tuple[str, ...]

LONGEST = 1000  # characters of a name that are read; labels are foreign, and this takes time
MOST_WORDS = 8  # in what a name is a kind of
_PARTS = re.compile(r"[,;/|]")
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_ALTERNATIVES = re.compile(r"\s(?:and|or)\s|&", re.IGNORECASE)
_APOSTROPHES = re.compile("['\u2019\u02bc]")


def _each_of(text: str) -> frozenset[Words]:
    return frozenset(tuple(name.split()) for name in re.split("[;\n]", text) if name.strip())


_PREPOSITIONS = _each_of(
    "of;for;at;in;on;with;from;to;by;under;over;near;behind;before;after;into;onto;about;as"
)
_DENIALS = _each_of("no;not;non;never;without;except;excluding;anti;nor;neither")
# A class of this name says nothing of what belongs to it.
_SAYS_NOTHING = _each_of(
    """other;unknown;none;nothing;anything;everything;something;misc;miscellaneous;rest;remainder
    background;object;thing;item;entity;whole;artifact;artefact;matter;unit;organism;abstraction
    instrumentality;image;picture;photo;photograph;class;label;category;type;kind;sort;group;set
    end;start;yes;true;false;positive;negative;normal;abnormal;default;one"""
)
# Names whose last word is not what they are. No such list is ever complete; a taxonomy is.
_MISNAMED = _each_of(
    """hot dog;prairie dog;guinea pig;sea lion;mountain lion;ant lion;sea horse;sea cow;sea mouse
    sea elephant;sea cucumber;sea urchin;sea fan;sea pen;star fish;jelly fish;cray fish;silver fish
    cuttle fish;dragon fly;butter fly;fire fly;lady bird;bear cat;cat bear;native bear;koala bear
    kangaroo bear;teddy bear;ant bear;water bear;mosquito hawk;skeeter hawk;snake doctor;bush baby
    horned toad;flying fox;flying lemur;king crab;horseshoe crab;walking stick;darning needle
    computer mouse;black widow;freight car;cable car;ice cream;meat loaf;head light;stop watch"""
)
_PLURALS = {
    "men": "man", "women": "woman", "children": "child", "people": "person", "mice": "mouse",
    "geese": "goose", "feet": "foot", "teeth": "tooth", "oxen": "ox", "lice": "louse",
}  # fmt: skip
# They look like plurals and mean something else than their singular.
_NO_PLURALS = frozenset(["glasses", "goods", "news", "trunks", "shades", "lens", "species"])


def spellings(text: str) -> frozenset[str]:
    """The name, and each part of a list of synonyms, however it is written.

    Case, hyphens, underscores, spaces and the plural make no difference.
    """
    texts = [text[:LONGEST], *_listed(text)]
    found = {"".join(words) for each in texts for words in _in_number(_words(each))}
    return frozenset(found - {""})


def senses(text: str) -> frozenset[Words]:
    """Everything that a name names: the parts of a list, and those of "cats or dogs"."""
    return frozenset(variant for words in _each(text) for variant in _in_number(words))


def broader(text: str) -> frozenset[Words]:
    """What each of these is a kind of, by the noun that it ends in."""
    return frozenset(
        variant
        for words in _each(text)
        for end in _ends(words)
        for variant in _in_number(end)
        if says_something(variant)
    )


def says_something(words: Words) -> bool:
    """Whether a class of this name claims anything: not "other", "7" or "a"."""
    (*before, last) = words or ("",)
    if before:
        return True
    short = len(last) < 2 and last.isascii()
    return not (short or last.isnumeric() or words in _SAYS_NOTHING | _DENIALS)


def _each(text: str) -> Iterator[Words]:
    for part in _listed(text):
        yield _words(part)
        if not _denies(_words(part)):
            yield from (_words(each) for each in _ALTERNATIVES.split(part))


def _listed(text: str) -> list[str]:
    """The parts of a list of synonyms, without what stands in brackets."""
    return _PARTS.split(_ASIDE.sub(" ", text[:LONGEST].replace("_", " ")))


def _words(text: str) -> Words:
    plain = unicodedata.normalize("NFKC", _APOSTROPHES.sub("", text)).casefold()
    return tuple(re.findall(r"[^\W_]+", plain))


def _ends(words: Words) -> Iterator[Words]:
    """What is left of a name without words that tell which one is meant, the longest first."""
    if _denies(words):
        return
    stop = next((i for i, word in enumerate(words) if (word,) in _PREPOSITIONS), len(words))
    noun = words[:stop]
    for start in range(max(0, len(noun) - MOST_WORDS), len(noun)):
        if noun[start:] != words:
            yield noun[start:]
        if any(variant in _MISNAMED for variant in _in_number(noun[start:])):
            return


def _denies(words: Words) -> bool:
    return any((word,) in _DENIALS for word in words)


def _in_number(words: Words) -> Iterator[Words]:
    """The words with the last one as it is, and as whatever it may be the plural of."""
    if not words:
        return
    *before, last = words
    for form in _singulars(last):
        yield (*before, form)


def _singulars(word: str) -> Iterator[str]:
    yield word
    if word in _PLURALS:
        yield _PLURALS[word]
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return
    if word in _NO_PLURALS:
        return
    yield word[:-1]
    if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
        yield word[:-2]
    if word.endswith("ies") and len(word) > 4:
        yield word[:-3] + "y"
    if word.endswith("ves"):
        yield from (word[:-3] + "f", word[:-3] + "fe")
