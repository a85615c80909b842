"""Cells that are safe to open in a spreadsheet program."""

import re

# What a spreadsheet takes for a formula or a command (OWASP ASVS 5.0 V1.2.10).
_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\0")
# Digits and spaces are no formula; dashes and brackets would be, even in a phone: "+91-98-76" is a subtraction.
_PLAIN = re.compile(r"\+[\d ]{7,24}|[+-]?\d+(?:\.\d+)?")


def neutral(cell: str) -> str:
    """The cell with an apostrophe before what would be a formula; phones of digits and spaces and plain numbers stay whole."""
    if not cell.startswith(_STARTS) or _PLAIN.fullmatch(cell):
        return cell
    return f"'{cell}"
