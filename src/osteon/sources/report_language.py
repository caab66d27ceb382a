"""What a language says around a finding: negation, doubt, history and side, from lists of cues.

The lists are data (``languages/<code>.yaml``, or a file of the user's) after the scheme of NegEx
(Chapman et al. 2001, doi 10.1006/jbin.2001.1029): a cue before or behind a finding reaches a
number of words far, not beyond the sentence and not across a word that ends its scope; a masked
cue ("no change in") is none. Doubt is looked for first: "cannot be excluded" holds a negation.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path

from osteon.core.schemas import CERTAINTIES
from osteon.core.settings import Settings, read_named

__all__ = [
    "Cues",
    "Finding",
    "Language",
    "Place",
    "ReportText",
    "fold",
    "languages",
    "load_language",
    "phrase",
]

_AROUND = 60  # characters shown on either side
_FOLDER = Path(__file__).parent / "languages"
_CJK = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_END = re.compile(r"[.!?;。！？；](?=\s|$|[^\x00-\x7f])|[。！？；]|\n\s*\n|\n\s*[-*•]|:\s*\n")
Phrase = tuple[str, ...]
Place = tuple[int, int]  # first and last word


class Cues(Settings):
    """Cues that stand before or behind a finding, and those that look like one and are none."""

    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()


class Language(Settings):
    """The cues of a language.

    Parameters
    ----------
    language
        Its code, e.g. ``en``.
    laterality
        Words for ``L``, ``R`` and ``B`` (both).
    negation, uncertainty, history
        Cues.
    ends
        Words that end a cue's scope.
    abbreviations
        Words whose full stop ends no sentence.
    scope_words
        How many words a cue reaches.
    """

    language: str
    laterality: Mapping[str, tuple[str, ...]]
    negation: Cues
    uncertainty: Cues
    history: Cues
    ends: tuple[str, ...] = ()
    abbreviations: tuple[str, ...] = ()
    scope_words: int = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """What stands around a finding.

    ``certainty`` is ``affirmed``, ``uncertain`` or ``negated``, ``cue`` the words that decided
    it (empty when affirmed), ``laterality`` L, R, B or empty, ``is_history`` whether it is told
    of the past.
    """

    certainty: str
    cue: str
    laterality: str
    is_history: bool


def languages() -> list[str]:
    """Codes of the languages that come with Osteon."""
    return sorted(path.stem for path in _FOLDER.glob("*.yaml"))


@lru_cache(maxsize=32)
def load_language(code: str) -> Language:
    """Load a language by its code, or from a YAML file of the same shape.

    Raises
    ------
    SettingsError
        If there is no such language or file, or it does not have the shape.
    """
    return read_named(Language, code, _FOLDER, "cues for language")


def fold(text: str) -> str:
    """Lower case without diacritics, as the full-text index folds.

    Examples
    --------
    >>> fold("Schenkelhalsfraktur übersehen")
    'schenkelhalsfraktur ubersehen'
    """
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


@lru_cache(maxsize=4096)
def phrase(text: str) -> Phrase:
    """Words of a cue, folded."""
    return tuple(_WORD.findall(fold(text)))


class ReportText:
    """A report cut into words and sentences.

    Parameters
    ----------
    text
        The report.
    language
        Decides which full stops end no sentence.
    """

    def __init__(self, text: str, language: Language) -> None:
        self.text = text
        self.language = language
        composed = [(m.start(), m.end()) for m in _WORD.finditer(_same_length_fold(text))]
        self._starts = [start for start, _ in composed]
        self.words = tuple(fold(text[start:end]) for start, end in composed)
        self.spans = tuple(composed)

    @cached_property
    def _sentence_ends(self) -> list[int]:
        known = {fold(item) for item in self.language.abbreviations}
        ends = []
        for match in _END.finditer(self.text):
            before = self.word_at(match.start() - 1)
            if match[0] == "." and before >= 0 and self.spans[before][1] == match.start():
                word = self.words[before]
                if word in known or (len(word) == 1 and word.isalpha()):
                    continue
            ends.append(match.end())
        return ends

    def word_at(self, position: int) -> int:
        """Give the number of the word that begins at or before a position; -1 before the first."""
        return bisect_right(self._starts, position) - 1

    def sentence_of(self, word: int) -> int:
        """Give the number of the sentence a word is in."""
        return bisect_right(self._sentence_ends, self.spans[word][0])

    def occurrences(self, cue: str) -> Iterator[Place]:
        """First and last word of every place where a phrase stands; ``*`` at its end: prefix."""
        wanted = phrase(cue)
        if not wanted:
            return
        is_prefix = cue.rstrip().endswith("*")
        for start in self._beginnings(wanted[0], is_prefix and len(wanted) == 1):
            found = self.words[start : start + len(wanted)]
            if len(found) < len(wanted) or found[:-1] != wanted[:-1]:
                continue
            if found[-1].startswith(wanted[-1]) if is_prefix else found[-1] == wanted[-1]:
                yield start, start + len(wanted) - 1

    def _beginnings(self, word: str, is_prefix: bool) -> list[int]:
        if not is_prefix:
            return self._where.get(word, [])
        return sorted(i for key, at in self._where.items() if key.startswith(word) for i in at)

    @cached_property
    def _where(self) -> dict[str, list[int]]:
        where: dict[str, list[int]] = {}
        for number, word in enumerate(self.words):
            where.setdefault(word, []).append(number)
        return where

    def around(self, first: int, last: int, examination: str = "") -> Finding:
        """Say what stands around the words ``first`` to ``last``.

        The side is that of the nearest word for a side in the sentence, commas counting first,
        else that of the examination's name.
        """
        certainty, cue = "affirmed", ""
        masks = self._places(self.language.negation.masked)
        for name, cues in (
            ("uncertain", self.language.uncertainty),
            ("negated", self.language.negation),
        ):
            if found := self._cue(first, last, cues, masks):
                certainty, cue = name, found
                break
        side = self._side(first, last)
        if not side and examination:
            named = ReportText(examination, self.language)
            side = named._side(0, max(len(named.words) - 1, 0)) if named.words else ""
        is_history = bool(self._cue(first, last, self.language.history, ()))
        return Finding(certainty, cue, side, is_history)

    def nearest(self, place: Place, others: Sequence[Place], within_words: int) -> Place | None:
        """Give the nearest of other places, those of the same sentence first.

        ``None`` when more than ``within_words`` words lie between, or there is none.
        """
        found = []
        for other in others:
            gap = max(other[0] - place[1], place[0] - other[1]) - 1
            if gap <= within_words:
                is_apart = self.sentence_of(other[0]) != self.sentence_of(place[0])
                found.append((is_apart, gap, other))
        return min(found)[2] if found else None

    def judge(self, place: Place, other: Place, examination: str = "") -> Finding:
        """Say what stands around a pair of words: the side of both, the worst certainty.

        The pair is judged as a whole and by its later part alone: a cue may stand between.
        """
        whole = self.around(min(place, other)[0], max(place[1], other[1]), examination)
        later = self.around(*max(place, other), examination)
        worst = max(whole, later, key=lambda item: CERTAINTIES.index(item.certainty))
        return replace(whole, certainty=worst.certainty, cue=worst.cue)

    def snippet(self, place: Place, other: Place) -> str:
        """Write what stands around two places, they and what is between them in « »."""
        start = self.spans[min(place, other)[0]][0]
        end = self.spans[max(place[1], other[1])][1]
        low, high = max(0, start - _AROUND), min(len(self.text), end + _AROUND)
        before = ("…" if low else "") + self.text[low:start]
        behind = self.text[end:high] + ("…" if high < len(self.text) else "")
        return re.sub(r"\s+", " ", f"{before}«{self.text[start:end]}»{behind}")

    def _places(self, cues: Sequence[str]) -> list[Place]:
        found = [place for cue in cues for place in self.occurrences(cue)]
        return sorted(found, key=lambda place: place[0] - place[1])  # the longest first

    def _cue(self, first: int, last: int, cues: Cues, masks: Sequence[Place]) -> str | None:
        before = [place for place in self._places(cues.before) if place[0] < first]
        after = [place for place in self._places(cues.after) if place[1] > last]
        reaching = [place for place in before if self._reaches(place[0], last, place[1], first)]
        reaching += [place for place in after if self._reaches(first, place[1], last, place[0])]
        for start, end in reaching:
            if not any(a <= start and end <= b for a, b in masks):
                return self.text[self.spans[start][0] : self.spans[end][1]]
        return None

    def _reaches(self, start: int, end: int, left: int, right: int) -> bool:
        """Whether what lies between two places is short and in one scope."""
        gap = range(left + 1, right)
        return len(gap) <= self.language.scope_words and self._is_one_scope(start, end, gap)

    def _is_one_scope(self, start: int, end: int, gap: range) -> bool:
        if self.sentence_of(start) != self.sentence_of(end):
            return False
        ends = {phrase(item) for item in self.language.ends}
        sizes = {len(item) for item in ends}
        return not any(self.words[i : i + size] in ends for i in gap for size in sizes)

    def _side(self, first: int, last: int) -> str:
        sentence = self.sentence_of(first)
        found = [
            (
                self._commas(min(end, last), max(start, first)),
                max(start - last, first - end, 0),
                start > last,
                start - end,
                side,
            )
            for side, words in self.language.laterality.items()
            for word in words
            for start, end in self.occurrences(word)
            if self.sentence_of(start) == sentence
        ]
        return min(found)[-1] if found else ""

    def _commas(self, left: int, right: int) -> int:
        """Count the commas between two words: a side behind one belongs to something else."""
        between = self.text[self.spans[left][1] : self.spans[right][0]]
        return between.count(",") + between.count("、")


def _same_length_fold(text: str) -> str:
    """Text in which combining marks are letters, so that a decomposed word stays one word."""
    return "".join("x" if unicodedata.combining(sign) else sign for sign in text)
