"""Lists and tables to measure with: a million people as a marketer has them, and the same people as clean rows."""

import random
from collections.abc import Iterator
from pathlib import Path

HEADER = "Student Name,Mobile No.,Preferred Country,Intake,Consent"
COUNTRIES = ("Canada", "UK", "Canda", "Australia", "USA", "Germany")
INTAKES = ("Sept 2027", "Fall 2027", "January 2028")
STRIDE, MODULUS = 7_368_787, 10_000_000
"""Numbers in an order that no index likes: every one of ten million once."""


def number(n: int) -> str:
    """The n-th person's ten digits; invented, all of them."""
    return f"981{(n * STRIDE) % MODULUS:07}"


def write_list(path: Path, rows: int) -> dict[str, int]:
    """A list as it comes: three of four numbers in good order, the rest in need of repair, doubled, or hopeless.

    Returns how many rows must have each fate.
    """
    chance = random.Random(20)  # noqa: S311 - the same list in every run
    fates = {"imported": 0, "duplicate_in_file": 0, "rejected": 0}
    with path.open("w", encoding="utf-8") as file:
        file.write(f"{HEADER}\n")
        for n in range(rows):
            ten, kind = number(n), n % 40
            fate = "imported"
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
                phone, fate = f"+91{number(n - 38)}", "duplicate_in_file"
            else:
                phone, fate = "9.19877E+11", "rejected"
            fates[fate] += 1
            country, intake = chance.choice(COUNTRIES), chance.choice(INTAKES)
            file.write(f"Student {n},{phone},{country},{intake},{'Yes' if kind % 3 else ''}\n")
    return fates


def clean_rows(rows: int) -> Iterator[tuple[str, str, str]]:
    """The same people, ready for COPY into lead, import_row and campaign_lead: one line for each table."""
    chance = random.Random(20)  # noqa: S311 - likewise
    for n in range(rows):
        country, intake = chance.choice(COUNTRIES), chance.choice(INTAKES)
        phone = f"+91{number(n)}"
        yield (
            f"{phone}\tStudent {n}\t{{Asia/Kolkata}}\tnumber\n",
            f'1\t{n}\t{{"Student {n}","{phone}","{country}","{intake}","Yes"}}\timported\t0\n',
            f"1\t{n + 1}\t1\t{n}\t0\n",
        )
