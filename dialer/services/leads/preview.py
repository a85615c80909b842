"""The first rows of a list as they will be read: before anything is stored, so that a wrong column is seen in time."""

from collections.abc import Mapping
from datetime import date
from itertools import islice
from typing import Any

from dialer.domain.leads.headers import Column
from dialer.domain.leads.lead import LeadRow, RowReader, normalize_enquiry
from dialer.services.leads.detect_reimport import without_ours
from dialer.services.leads.read_file import Reading

FIRST = 10


def preview(
    reading: Reading, columns: Mapping[Column, str], country: str, today: date, most: int = FIRST
) -> dict[str, Any]:
    """`{detected, header, columns, unmapped, rows}`; a row has its cells, and what is read or why it is not.

    Columns that are `unmapped` are kept, and reach the script by their names. Without a phone column no row is read.
    """
    reader = RowReader(reading.header, columns, country)
    rows = []
    for row in islice(reading.rows, most):
        read = reader.read(row.cells) if "phone" in columns else None
        said: dict[str, Any] = {"n": row.n, "cells": dict(zip(reading.header, row.cells, strict=False))}
        if isinstance(read, LeadRow):
            said |= {"phone": read.phone.e164, "name": read.name, "repaired": list(read.repaired)}
            said |= {"consent": read.consent, "zones": list(read.zones.names) if read.zones else []}
            said["reads"] = normalize_enquiry(read.enquiry, today)
        elif read is not None:
            said |= {"problem": read.says, "suggestion": read.suggestion}
        rows.append(said)
    own = without_ours(reading.header)
    return {
        "detected": reading.detected.line(),
        "header": list(own),
        "columns": {str(field): column for field, column in columns.items()},
        "unmapped": [column for column in own if column not in columns.values()],
        "rows": rows,
    }
