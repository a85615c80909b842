"""The $words of a script: which ones the product fills, and which a list must have a column for. Pure."""

from collections.abc import Iterable, Mapping
from string import Template

PRODUCT_PLACEHOLDERS = frozenset(
    {"name", "greeting", "today", "time", "zone", "known", "notice", "recorded", "business"}
)
"""The words that every script may use."""


class Words(dict[str, str]):
    """Values by word. A script may write a word in any case: $Hobby is $hobby."""

    def __missing__(self, word: str) -> str:
        """Look a word up in lower case. Raises KeyError."""
        if word == (lower := word.lower()):
            raise KeyError(word)
        return self[lower]


def named_words(persona: str, opening: str) -> tuple[str, ...]:
    """Every $word of a script, in lower case, sorted."""
    found = (*Template(persona).get_identifiers(), *Template(opening).get_identifiers())
    return tuple(sorted({word.lower() for word in found}))


def missing_columns(persona: str, opening: str, columns: Iterable[str]) -> tuple[str, ...]:
    """The $words of a script that neither the product nor one of these `columns` fills, sorted."""
    return tuple(
        sorted({*named_words(persona, opening)} - PRODUCT_PLACEHOLDERS - {word_of(column) for column in columns})
    )


def fill(text: str, words: Mapping[str, str]) -> str:
    """The text with its $words filled in; a word without a value stays as it is."""
    return Template(text).safe_substitute(Words(words))


def word_of(column: str) -> str:
    """A column's name as a script writes it: `Preferred Country` is $preferred_country."""
    return "_".join("".join(each if each.isalnum() else " " for each in column.lower()).split())
