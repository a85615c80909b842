"""Placeholders ($name) in scripts: those the product fills, and those that need a column in the list. Pure."""

from collections.abc import Iterable, Mapping
from string import Template

PRODUCT_PLACEHOLDERS = frozenset(
    {"name", "greeting", "today", "time", "zone", "known", "notice", "recorded", "business"}
)
"""The placeholders available in every script."""


class Words(dict[str, str]):
    """Values by placeholder. Placeholders are case-insensitive: $Hobby is $hobby."""

    def __missing__(self, word: str) -> str:
        """Look a placeholder up in lower case. Raises KeyError."""
        if word == (lower := word.lower()):
            raise KeyError(word)
        return self[lower]


def named_words(persona: str, opening: str) -> tuple[str, ...]:
    """Return every placeholder of a script, in lower case, sorted."""
    names = (*Template(persona).get_identifiers(), *Template(opening).get_identifiers())
    return tuple(sorted({name.lower() for name in names}))


def missing_columns(persona: str, opening: str, columns: Iterable[str]) -> tuple[str, ...]:
    """Return the placeholders that neither the product nor one of these `columns` fills, sorted."""
    return tuple(
        sorted({*named_words(persona, opening)} - PRODUCT_PLACEHOLDERS - {word_of(column) for column in columns})
    )


def fill(text: str, words: Mapping[str, str]) -> str:
    """Fill in the placeholders of a text; one without a value is left unchanged."""
    return Template(text).safe_substitute(Words(words))


def word_of(column: str) -> str:
    """Return the placeholder of a column: `Preferred Country` is $preferred_country."""
    return "_".join("".join(char if char.isalnum() else " " for char in column.lower()).split())
