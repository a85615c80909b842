"""Numbers that come as text from the wire."""

MAX_DIGITS = 9
"""As many digits as a database's integer holds for certain: eleven days in ms."""


def is_count(text: str) -> bool:
    """Whether a text is a plain whole number of a sane length; `int()` then takes it."""
    return text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
