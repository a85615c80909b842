"""Import results: the result and flags of each row, and the counts of a whole list.

Pure. Every row has exactly one result; flags are notes that reject nothing.
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
    """Notes on a row that can be imported; the gate still decides before every call.

    CONSENT_MISSING is a blank or unclear consent, CONSENT_REFUSED a "no". NOT_CALLED marks rows that the gate would
    refuse in their present form, for any reason.
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
"""Flags by the name of their count: subsets of the imported rows, and `changed`, a subset of the duplicates."""


@dataclass(slots=True)
class Counts:
    """Row counts; rows = imported + duplicate_in_file + already_here + do_not_call + rejected.

    `repaired` is a subset of `imported`.
    """

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
    """Rows of this list whose person is also in another campaign, by campaign name."""

    def add(self, result: str, rows: int = 1, *, reason: str | None = None, flags: int = 0) -> None:
        """Count rows with one result."""
        self.rows += rows
        setattr(self, result, getattr(self, result) + rows)
        if result == "rejected" and reason is not None:
            self.rejected_by_reason[reason] += rows
        if result == "imported" and flags & Flag.REPAIRED:
            self.repaired += rows
        if flags:
            for name, flag in NOTES.items():
                if flags & flag and (result == "imported" or flag is Flag.CHANGED):
                    self.notes[name] += rows
        if result == "imported" and not flags:
            self.notes["ready"] += rows

    def as_dict(self) -> dict[str, Any]:
        """Return the counts by name, in the form that the API documents."""
        names = ("rows", "imported", "repaired", "duplicate_in_file", "already_here", "do_not_call", "rejected")
        return {**{name: getattr(self, name) for name in names}, "rejected_by_reason": dict(self.rejected_by_reason)}
