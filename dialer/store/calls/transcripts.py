"""What was said in calls, in the order of the conversation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Turn

# Arrays, so that any number of turns is one statement, always the same one.
_SAVE = text(
    "INSERT INTO turn (call_id, item, position, speaker, text, stream_ms, heard_ms, at) "
    "SELECT * FROM unnest(CAST(:call_ids AS uuid[]), CAST(:items AS text[]), CAST(:positions AS int[]), "
    "CAST(:who AS text[]), CAST(:words AS text[]), CAST(:stream_ms AS int[]), CAST(:heard_ms AS int[]), "
    "CAST(:at AS timestamptz[])) ON CONFLICT (call_id, item) DO UPDATE SET position = excluded.position, "
    "text = excluded.text, heard_ms = excluded.heard_ms"
)
_MOVE = text(
    "UPDATE turn SET position = moved.position FROM unnest(CAST(:call_ids AS uuid[]), CAST(:items AS text[]), "
    "CAST(:positions AS int[])) AS moved (call_id, item, position) "
    "WHERE turn.call_id = moved.call_id AND turn.item = moved.item"
)


@dataclass(frozen=True, slots=True)
class TurnRow:
    """One turn as it is stored; `heard_ms` is set where AVA was cut off."""

    call_id: UUID
    item: str
    position: int
    who: str
    words: str
    stream_ms: int
    heard_ms: int | None
    at: datetime


async def save(session: AsyncSession, said: Sequence[TurnRow]) -> None:
    """Store turns of any calls; the same item of a call again replaces its words and its place."""
    if said:
        await session.execute(
            _SAVE,
            {
                "call_ids": [each.call_id for each in said],
                "items": [each.item for each in said],
                "positions": [each.position for each in said],
                "who": [each.who for each in said],
                "words": [each.words for each in said],
                "stream_ms": [each.stream_ms for each in said],
                "heard_ms": [each.heard_ms for each in said],
                "at": [each.at for each in said],
            },
        )


async def move(session: AsyncSession, places: Sequence[tuple[UUID, str, int]]) -> None:
    """Turns that are stored stand elsewhere by now: (call, item, position)."""
    if places:
        call_ids, items, positions = zip(*places, strict=True)
        values = {"call_ids": list(call_ids), "items": list(items), "positions": list(positions)}
        await session.execute(_MOVE, values)


async def of_call(session: AsyncSession, call_id: UUID) -> Sequence[Turn]:
    """The turns of a call, in order."""
    return (await session.scalars(select(Turn).where(Turn.call_id == call_id).order_by(Turn.position))).all()


async def student_words(session: AsyncSession, call_id: UUID) -> Sequence[str]:
    """What the student said in a call, turn by turn."""
    query = select(Turn.text).where(Turn.call_id == call_id, Turn.speaker == "student").order_by(Turn.position)
    return (await session.scalars(query)).all()
