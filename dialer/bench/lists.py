"""Generates benchmark data: a marketer's list of a million people, and the same people as clean rows for COPY."""

import random
from collections.abc import Iterator
from pathlib import Path

HEADER = "Student Name,Mobile No.,Preferred Country,Intake,Consent"
COUNTRIES = ("Canada", "UK", "Canda", "Australia", "USA", "Germany")
INTAKES = ("Sept 2027", "Fall 2027", "January 2028")
STRIDE, MODULUS = 7_368_787, 10_000_000
"""A permutation of ten million numbers in an order that is unfavorable for indexes."""


def number(n: int) -> str:
    """Return the ten digits of the n-th person; all numbers are invented."""
    return f"981{(n * STRIDE) % MODULUS:07}"


def write_list(path: Path, rows: int) -> dict[str, int]:
    """Write a realistic list: three of four numbers are clean, the others need repair, are duplicates or are invalid.

    Returns the expected number of rows per import result.
    """
    chance = random.Random(20)  # noqa: S311 - the same list in every run
    results = {"imported": 0, "duplicate_in_file": 0, "rejected": 0}
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEADER}\n")
        for n in range(rows):
            ten, kind = number(n), n % 40
            result = "imported"
            if kind < 30:
                phone = f"+91{ten}"
            elif kind < 33:
                phone = ten
            elif kind < 35:
                phone = f"0{ten}"
            elif kind < 37:
                phone = f"+91 {ten[:5]} {ten[5:]}"
            elif kind == 37:
                phone = f"91{ten}.0"
            elif kind == 38:
                phone, result = f"+91{number(n - 38)}", "duplicate_in_file"
            else:
                phone, result = "9.19877E+11", "rejected"
            results[result] += 1
            country, intake = chance.choice(COUNTRIES), chance.choice(INTAKES)
            file.write(f"Student {n},{phone},{country},{intake},{'Yes' if kind % 3 else ''}\n")
    return results


def clean_rows(rows: int) -> Iterator[tuple[str, str, str]]:
    """Yield the same people as lines for COPY into lead, import_row and campaign_lead."""
    chance = random.Random(20)  # noqa: S311 - the same list in every run
    for n in range(rows):
        country, intake = chance.choice(COUNTRIES), chance.choice(INTAKES)
        phone = f"+91{number(n)}"
        yield (
            f"{phone}\tStudent {n}\t{{Asia/Kolkata}}\tnumber\n",
            f'1\t{n}\t{{"Student {n}","{phone}","{country}","{intake}","Yes"}}\timported\t0\n',
            f"1\t{n + 1}\t1\t{n}\t0\n",
        )
