"""Which column of a list is which: as they were understood last time, else guessed; what is said now counts above both."""

from collections.abc import Mapping, Sequence

from dialer.domain.headers import COLUMNS, Column, NoPhoneColumn, guess_columns
from dialer.flows.read_list import UnreadableListError


def choose_columns(header: Sequence[str], known: Mapping[str, str], said: Mapping[str, str]) -> Mapping[Column, str]:
    """The header of each field. `known` comes from a list of exactly these columns.

    Raises:
        UnreadableListError: no column is the phone, or `said` names a field or a column that is not there.
    """
    guessed = guess_columns(header)
    chosen: dict[Column, str] = {} if isinstance(guessed, NoPhoneColumn) else dict(guessed)
    if known:
        chosen = {field: known[field] for field in COLUMNS if known.get(field) in header}
    for name, column in said.items():
        wanted = next((each for each in COLUMNS if each == name), None)
        if wanted is None:
            raise UnreadableListError(f"there is no field {name!r} to map; the fields are {', '.join(COLUMNS)}")
        if column not in header:
            raise UnreadableListError(f"the list has no column {column!r}; it has {', '.join(header)}")
        chosen = {field: used for field, used in chosen.items() if used != column}
        chosen[wanted] = column
    if "phone" not in chosen:
        found = ", ".join(header)
        raise UnreadableListError(
            f"no column looks like a phone number (found: {found}); name it with --map phone=COLUMN"
        )
    return chosen
