"""Who has a name that is looked for: few of many from the index of words, or the word that they are many.

PostgreSQL takes any beginning of a word for common and would rather read every lead, newest first, until a page is full:
right for "a", a second and a half for a name that one in a million has. So few are looked up in the index first, by force.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables.leads import NAME_WORDS

FEW = 2_000
"""As many are looked up one by one; where there are more, the newest page of them is soon found by reading."""
HAS_WORDS = NAME_WORDS.replace("(name", "(lead.name") + " @@ CAST(:words AS tsquery)"
"""The condition on a lead; `words` are those of `beginnings`."""
_BY_INDEX = text("SELECT set_config('enable_seqscan', :on, true), set_config('enable_indexscan', :on, true)")
_FOUND = text(f"SELECT id FROM lead WHERE {HAS_WORDS} LIMIT :most")  # noqa: S608 - made of constants


def prefixes(name: str) -> str:
    """What is looked for, as PostgreSQL writes it: each word quoted, with whatever follows it."""
    quoted = [word.replace("\\", "\\\\").replace("'", "''") for word in name.lower().split()]
    return " & ".join(f"'{word}':*" for word in quoted)


async def few_with(session: AsyncSession, name: str) -> list[int] | None:
    """The leads of a name, in no order; None where they are more than a few."""
    await session.execute(_BY_INDEX, {"on": "off"})
    found = [row.id for row in await session.execute(_FOUND, {"words": prefixes(name), "most": FEW + 1})]
    await session.execute(_BY_INDEX, {"on": "on"})
    return found if len(found) <= FEW else None
