"""Text -> terms: what counts as a word in a language, and which words are one term."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

import Stemmer
import stop_words

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


def is_readable(word: str) -> bool:
    """Whether a word can be shown: two neighbouring letters of Thai and its kin are no word."""
    return _SYLLABIC.match(word) is None


class Terms(dict[str, int]):
    """Words in lower case -> the number of their term, or DROPPED; learns each word it is asked.

    A term is the stem, or the word itself in a language without a stemmer. Numbers, single letters
    and stop words are none.
    """

    def __init__(self, lang: str) -> None:
        super().__init__()
        self._stop = frozenset(stop_words.safe_get_stop_words(_STOPPING.get(lang, lang)))
        self._lang = lang
        self._numbers: dict[str, int] = {}
        self._stem = _stemmer(lang)

    def __missing__(self, word: str) -> int:
        if self.is_dropped(word):
            number = DROPPED
        else:
            number = self._numbers.setdefault(self._stem(word), len(self._numbers))
        self[word] = number
        return number

    @property
    def size(self) -> int:
        """How many terms are known."""
        return len(self._numbers)

    def is_dropped(self, word: str) -> bool:
        """Whether a word says nothing about what a text is about."""
        is_letter = len(word) == 1 and _RUN.match(word) is None
        return is_letter or word.isdecimal() or word in self._stop

    def look_up(self, text: Iterable[str]) -> Iterator[int | str]:
        """For each word its term or DROPPED, or the stem of one never met; learns nothing."""
        stem = _stemmer(self._lang)  # our own: a stemmer cannot be shared between threads
        for word in text:
            lower = word.lower()
            number = self.get(lower)
            if number is not None:
                yield number
            elif self.is_dropped(lower):
                yield DROPPED
            else:
                yield self._numbers.get(stem(lower), stem(lower))


def _stemmer(lang: str) -> Callable[[str], str]:
    name = _SNOWBALL.get(lang, "")
    if name not in Stemmer.algorithms():
        return str
    stem: Callable[[str], str] = Stemmer.Stemmer(name).stemWord
    return stem
