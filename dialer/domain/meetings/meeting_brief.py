"""The brief a counselor receives about a student before a meeting: six lines and two quotes.

Pure. Unknown values have a placeholder, so that every line is always in the same position.
"""

from collections.abc import Mapping, Sequence

NOT_SAID = "not said"
MAX_QUOTE_CHARS = 160
MIN_QUOTE_CHARS = 15


def brief_lines(name: str, phone: str, values: Mapping[str, str], outcome: str) -> tuple[str, ...]:
    """Return the six lines of the brief; `values` are the captured enquiry values by field."""
    return (
        f"Who: {name or 'name not said'}, {phone}",
        f"Wants: {_joined(values, 'course', 'country', 'intake')}",
        f"Money: {_joined(values, 'budget', 'funding')}",
        f"Background: {_joined(values, 'qualification', 'grades', 'english_test')}",
        f"Why: {_joined(values, 'inspiration', 'career_goal', 'preferences')}",
        f"The call: {outcome}",
    )


def quotes(said: Sequence[str]) -> tuple[str, ...]:
    """Return the student's two longest turns, in the order they were spoken."""
    turns = [" ".join(turn.split()) for turn in said]
    longest = sorted(range(len(turns)), key=lambda place: -len(turns[place]))[:2]
    return tuple(_cut(turns[place]) for place in sorted(longest) if len(turns[place]) >= MIN_QUOTE_CHARS)


def _joined(values: Mapping[str, str], *fields: str) -> str:
    return "; ".join(values[field] for field in fields if values.get(field)) or NOT_SAID


def _cut(text: str) -> str:
    return text if len(text) <= MAX_QUOTE_CHARS else text[: MAX_QUOTE_CHARS - 1].rsplit(" ", 1)[0] + "…"
