"""Which column of a list is which: mapped as last time, else guessed by names and values; what is said now counts above both."""

from collections.abc import Mapping, Sequence

from dialer.domain.leads.column_values import phone_column
from dialer.domain.leads.headers import COLUMNS, Column, NoPhoneColumn, guess_columns
from dialer.services.leads.detect_reimport import without_ours
from dialer.services.leads.read_file import Reading, UnreadableListError
from dialer.store.leads import imports
from dialer.store.sessions import Session


class NoPhoneError(UnreadableListError):
    """No column of a list is known to hold the phone numbers; a person can say which of the `header` does."""

    def __init__(self, header: Sequence[str]) -> None:
        found = ", ".join(header)
        super().__init__(f"no column looks like a phone number (found: {found}); choose the column that holds it")
        self.header = header


async def known_columns(session: Session, reading: Reading) -> Mapping[str, str]:
    """How columns of these names were mapped last time; names that we gave, for want of a header, tell nothing."""
    return await imports.remembered(session, without_ours(reading.header)) if reading.has_header else {}


def map_columns(
    reading: Reading, known: Mapping[str, str], said: Mapping[str, str], country: str, *, guesses: bool = True
) -> Mapping[Column, str]:
    """The header of each field, the phone's among them; see `guess_mapping`.

    Raises:
        NoPhoneError: no column is the phone.
        UnreadableListError: `said` names a field or a column that is not there.
    """
    chosen = guess_mapping(reading, known, said, country, guesses=guesses)
    if "phone" not in chosen:
        raise NoPhoneError(reading.header)
    return chosen


def guess_mapping(
    reading: Reading, known: Mapping[str, str], said: Mapping[str, str], country: str, *, guesses: bool = True
) -> Mapping[Column, str]:
    """The header of each field that can be told. `known` comes from a list of exactly these columns.

    If no header names the phone column, it is recognized by its values; numbers without a country code belong to
    `country` (ISO 3166).

    Raises:
        UnreadableListError: `said` names a field or a column that is not there, or the file is text without columns.
    """
    header = reading.header
    guessed = guess_columns(header)
    chosen: dict[Column, str] = dict(_without_phone(header)) if isinstance(guessed, NoPhoneColumn) else dict(guessed)
    if known:
        chosen = {field: known[field] for field in COLUMNS if known.get(field) in header}
    if not guesses:
        chosen = {field: known[field] for field in COLUMNS if known.get(field) in header}
    elif "phone" not in chosen and (column := phone_column(header, reading.sample, country)):
        chosen = {field: used for field, used in chosen.items() if used != column}
        chosen["phone"] = column
    for name, column in said.items():
        wanted = next((each for each in COLUMNS if each == name), None)
        if wanted is None:
            raise UnreadableListError(f"there is no field {name!r} to map; the fields are {', '.join(COLUMNS)}")
        if column not in header:
            raise UnreadableListError(f"the list has no column {column!r}; it has {', '.join(header)}")
        chosen = {field: used for field, used in chosen.items() if used != column}
        chosen[wanted] = column
    if "phone" not in chosen and len(header) == 1:
        raise UnreadableListError(
            "this file is text, not a list: it has no columns and no phone numbers. "
            "Upload a .xlsx or .csv file with one student per row"
        )
    return chosen


def _without_phone(header: tuple[str, ...]) -> Mapping[Column, str]:
    """The fields of a header in which no column is the phone by its name."""
    guessed = guess_columns((*header, "Phone"))
    return (
        {}
        if isinstance(guessed, NoPhoneColumn)
        else {field: name for field, name in guessed.items() if field != "phone"}
    )
