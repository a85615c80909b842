"""What was said in a call, in the order of the conversation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from dialer.store.tables import Turn


@dataclass(frozen=True, slots=True)
class Said:
    """One turn as it is stored; `heard_ms` is set where AVA was cut off."""

    item: str
    who: str
    words: str
    stream_ms: int
    heard_ms: int | None
    at: datetime


async def save(session: AsyncSession, call_id: UUID, turns: Sequence[Said], positions: Mapping[str, int]) -> None:
    """Store turns; the same item again replaces its words. `positions` are the places of all turns known by now."""
    for said in turns:
        values = {
            "call_id": call_id,
            "item": said.item,
            "position": positions.get(said.item, len(positions)),
            "who": said.who,
            "words": said.words,
            "stream_ms": said.stream_ms,
            "heard_ms": said.heard_ms,
            "at": said.at,
        }
        changed = {key: values[key] for key in ("position", "words", "heard_ms")}
        await session.execute(
            insert(Turn).values(values).on_conflict_do_update(index_elements=["call_id", "item"], set_=changed)
        )
    if positions:
        place = (
            update(Turn.__table__)  # type: ignore[arg-type]  # a Table is what an executemany update takes
            .where(Turn.call_id == call_id, Turn.item == bindparam("of"))
            .values(position=bindparam("place"))
        )
        connection = await session.connection()
        await connection.execute(place, [{"of": item, "place": number} for item, number in positions.items()])


async def of_call(session: AsyncSession, call_id: UUID) -> Sequence[Turn]:
    """The turns of a call, in order."""
    return (await session.scalars(select(Turn).where(Turn.call_id == call_id).order_by(Turn.position))).all()
