"""Text -> terms: what counts as a word in a language, and which words are one term."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from hashlib import blake2b

import Stemmer
import stop_words

from pipeline.model import language

_SNOWBALL = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "eo": "esperanto", "es": "spanish", "et": "estonian", "eu": "basque",
    "fa": "persian", "fi": "finnish", "fr": "french", "ga": "irish", "hi": "hindi",
    "hu": "hungarian", "hy": "armenian", "id": "indonesian", "it": "italian", "lt": "lithuanian",
    "nb": "norwegian", "ne": "nepali", "nl": "dutch", "nn": "norwegian", "no": "norwegian",
    "pl": "polish", "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian",
    "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip
"""Stemmers by language code (ISO 639-1)."""

_STOPPING = {"no": "nb", "nn": "nb"}
"""Where the stop words of a language are filed under another code."""

_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
)
"""Thai, Lao, Burmese, Khmer, kana and Chinese characters: written without spaces between words."""

_MARKS = "\u0300-\u036f\u0591-\u05c7\u0610-\u065f\u0670\u0900-\u0963\u0966-\u0dff"
"""Accents, points and vowel signs, which belong to the letter before them."""

_WORD = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}](?:[^\W_{_UNSPACED}]|[{_MARKS}])*")
_RUN = re.compile(rf"[{_UNSPACED}]")
_SYLLABIC = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
DROPPED = -1

MOST_KNOWN = 1_000_000
"""Words that are remembered of a language before all are forgotten."""


def words(text: str) -> list[str]:
    """The words of a text in order; where none are marked off, every two neighbouring letters."""
    found = _WORD.findall(text)
    if text.isascii() or _RUN.search(text) is None:
        return found
    return [piece for word in found for piece in _pieces(word)]


def _pieces(word: str) -> Iterable[str]:
    if len(word) == 1 or _RUN.match(word) is None:
        return (word,)
    return (word[at : at + 2] for at in range(len(word) - 1))


def telling(text: str, lang: str) -> frozenset[str]:
    """The words of a text, in lower case, that say something of what it is about."""
    terms = terms_of(lang)
    return frozenset(word for word in words(text.lower()) if terms[word] != DROPPED)


def is_readable(word: str) -> bool:
    """Whether a word can be shown: two neighbouring letters of Thai and its kin are no word."""
    return _SYLLABIC.match(word) is None


class Terms(dict[str, int]):
    """Words in lower case -> the id of their term, or DROPPED; looks up each word once.

    A term is the stem, or the word itself in a language without a stemmer. Numbers, single letters
    and stop words are none. An id is a hash of 63 bits: the same in every process, and
    no two of a million terms have one, but for one chance in twenty million.
    """

    def __init__(self, lang: str) -> None:
        super().__init__()
        self._stop = frozenset(stop_words.safe_get_stop_words(_STOPPING.get(lang, lang)))
        self._stem = _stemmer(lang)
        how = (_WORD.pattern, Stemmer.version(), _SNOWBALL.get(lang, ""), *sorted(self._stop))
        self.mark = blake2b("\n".join(how).encode(), digest_size=8).digest()
        """Of how words are made into terms; ids of another mark mean something else."""

    def __missing__(self, word: str) -> int:
        number = DROPPED if self._is_dropped(word) else _id(self._stem(word))
        self[word] = number
        return number

    def _is_dropped(self, word: str) -> bool:
        """Whether a word says nothing about what a text is about."""
        is_letter = len(word) == 1 and _RUN.match(word) is None
        return is_letter or word.isdecimal() or word in self._stop


def terms_of(lang: str) -> Terms:
    """The terms of a language; those of varieties such as `en-GB` are the same."""
    terms = _terms(language(lang))
    if len(terms) > MOST_KNOWN:
        terms.clear()
    return terms


_terms = lru_cache(maxsize=64)(Terms)


def _id(stem: str) -> int:
    digest = blake2b(stem.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1  # fits a signed number, and is never DROPPED


def _stemmer(lang: str) -> Callable[[str], str]:
    name = _SNOWBALL.get(lang, "")
    if name not in Stemmer.algorithms():
        return str

    def stem(word: str) -> str:
        # One of its own each time: a stemmer must not be shared between threads.
        stemmed: str = Stemmer.Stemmer(name, 0).stemWord(word)
        return stemmed

    return stem
