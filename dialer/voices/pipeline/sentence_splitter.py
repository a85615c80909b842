"""Sentences out of words as they are made: each is given to a speaker as soon as it is whole. Pure.

A sentence ends with its mark where white space follows, not after a number, an initial or a common short form; a line's
end ends it too. What is not for the ear (marks of emphasis, lists and code) is left out.
"""

import re

_END = re.compile(r"(?:[.!?…]+|[।॥])[\"'”’)\]]*\s+|\n+")
_SHORT = frozenset({"mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "etc", "no", "approx", "dept"})
_MARKS = re.compile(r"[*_`#]+|^\s*[-•]\s+", re.MULTILINE)
_SPEAKABLE = re.compile(r"\w")
_LAST = re.compile(r"(\S+?)[.]\s*$")


MAX_CHARS = 240
"""Characters that are waited for, at most: a longer sentence is spoken in parts, at its commas where it has some."""
_PAUSE = re.compile(r".*[,;:–—،]\s", re.DOTALL)


class SentenceSplitter:
    """The sentences of one answer."""

    def __init__(self) -> None:
        self._open = ""

    def take(self, text: str) -> list[str]:
        """The next words of the answer: the sentences that are whole by them."""
        self._open += text
        found, began, at = list[str](), 0, 0
        while match := _END.search(self._open, at):
            at = match.end()
            if not _goes_on(self._open[began : match.end()]):
                found.append(self._open[began : match.end()])
                began = match.end()
        self._open = self._open[began:]
        while len(self._open) > MAX_CHARS and (cut := _part(self._open[:MAX_CHARS])):
            found.append(self._open[:cut])
            self._open = self._open[cut:]
        return [words for each in found if (words := _spoken(each))]

    def end(self) -> list[str]:
        """There are no more words: what is left."""
        last, self._open = _spoken(self._open), ""
        return [last] if last else []


def _part(piece: str) -> int:
    """Where a sentence that is too long is parted: after its last pause, or its last word; 0 where it has neither."""
    pause = _PAUSE.match(piece)
    return pause.end() if pause else piece.rfind(" ") + 1


def _goes_on(piece: str) -> bool:
    """Whether a full stop does not end the sentence."""
    if piece.endswith("\n"):
        return False
    last = _LAST.search(piece)
    if last is None:
        return False
    word = last.group(1).lstrip("(\"'“‘").lower()
    return word in _SHORT or (len(word) == 1 and word.isalpha() and word != "i")


def _spoken(piece: str) -> str:
    words = " ".join(_MARKS.sub("", piece).split())
    return words if _SPEAKABLE.search(words) else ""
