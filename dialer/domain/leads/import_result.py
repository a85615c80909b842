"""What became of a row of a list, and what is to be known of it; and the exact counts of a whole list.

Pure. Each row has one fate; flags are notes that reject nobody.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Any, Literal, TypeAlias, get_args

RowResult: TypeAlias = Literal["imported", "duplicate_in_file", "already_here", "do_not_call", "rejected"]
ROW_RESULTS: tuple[RowResult, ...] = get_args(RowResult)
Choice: TypeAlias = Literal["skip", "fill", "overwrite"]
CHOICES: tuple[Choice, ...] = get_args(Choice)


class Flag(IntFlag):
    """What is to be known of a row that can be imported; the gate judges it again before anybody is called.

    CONSENT_MISSING is a blank or unclear consent, CONSENT_REFUSED a "no". NOT_CALLED are rows that the gate will refuse
    as they stand, for whatever reason.
    """

    REPAIRED = 1
    CONSENT_MISSING = 2
    NOT_ALLOWED = 4
    ELSEWHERE = 8
    CHANGED = 16
    CONSENT_REFUSED = 32
    NOT_CALLED = 64


NOTES: Mapping[str, Flag] = {
    "repaired": Flag.REPAIRED,
    "consent_missing": Flag.CONSENT_MISSING,
    "consent_refused": Flag.CONSENT_REFUSED,
    "not_called": Flag.NOT_CALLED,
    "not_allowed_destination": Flag.NOT_ALLOWED,
    "known_elsewhere": Flag.ELSEWHERE,
    "changed": Flag.CHANGED,
}
"""The counts that are parts of others: of the imported rows, and (changed) of those that stand there twice."""


@dataclass(slots=True)
class Counts:
    """Exact: rows = imported + duplicate_in_file + already_here + do_not_call + rejected; repaired are imported ones."""

    rows: int = 0
    imported: int = 0
    repaired: int = 0
    duplicate_in_file: int = 0
    already_here: int = 0
    do_not_call: int = 0
    rejected: int = 0
    rejected_by_reason: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    campaigns: Counter[str] = field(default_factory=Counter)
    """In which other campaigns people of this list are, by name."""

    def add(self, fate: str, rows: int = 1, *, reason: str | None = None, flags: int = 0) -> None:
        """Count rows of one fate."""
        self.rows += rows
        setattr(self, fate, getattr(self, fate) + rows)
        if fate == "rejected" and reason is not None:
            self.rejected_by_reason[reason] += rows
        if fate == "imported" and flags & Flag.REPAIRED:
            self.repaired += rows
        if flags:
            for name, flag in NOTES.items():
                if flags & flag and (fate == "imported" or flag is Flag.CHANGED):
                    self.notes[name] += rows
        if fate == "imported" and not flags:
            self.notes["ready"] += rows

    def as_dict(self) -> dict[str, Any]:
        """The counts by name, as they are promised."""
        names = ("rows", "imported", "repaired", "duplicate_in_file", "already_here", "do_not_call", "rejected")
        return {**{name: getattr(self, name) for name in names}, "rejected_by_reason": dict(self.rejected_by_reason)}
