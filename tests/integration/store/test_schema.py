"""The schema goes up and down, agrees with the models, and a database of another version is refused in words."""

from datetime import time

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, select, text

import migrations
from dialer.settings import Settings
from dialer.store.migrate import alembic_config, migrate
from dialer.store.schema import StaleSchemaError, ready_schema
from dialer.store.sessions import make_engine, make_sessions
from dialer.store.tables import Base, Counselor, CounselorHours
from dialer.wiring.stores import open_store


async def tables(url: str) -> set[str]:
    engine = make_engine(url)
    async with engine.connect() as connection:
        found = await connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        names = set(found.all())
    await engine.dispose()
    return names


async def run(url: str, *statements: str) -> None:
    engine = make_engine(url)
    async with engine.begin() as connection:
        for statement in statements:
            await connection.execute(text(statement))
    await engine.dispose()


async def test_up_down_to_nothing_and_up_again(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    for _ in range(2):
        await migrate(engine)
        assert await tables(empty_database_url) == {*Base.metadata.tables, "alembic_version"}
        await ready_schema(engine)
        await migrate(engine, "base")
        assert await tables(empty_database_url) <= {"alembic_version"}
    async with engine.connect() as connection:
        left = await connection.scalar(
            text(
                "SELECT count(*) FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' "
                "AND relname NOT LIKE 'alembic_version%'"
            )
        )
    assert left == 0
    await engine.dispose()


async def test_every_revision_can_be_stepped_down_and_up(empty_database_url: str) -> None:
    engine = make_engine(empty_database_url)
    for revision in (*migrations.REVISIONS, *reversed(migrations.REVISIONS), "head"):
        await migrate(engine, revision)
    await ready_schema(engine)
    await engine.dispose()


async def test_the_models_and_the_migrated_schema_agree(database_url: str) -> None:
    def compare(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), Base.metadata))

    engine = make_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(compare) == []
    await engine.dispose()


def test_the_revisions_the_program_names_are_alembics_own() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    history = [each.revision for each in script.walk_revisions()]
    assert tuple(reversed(history)) == migrations.REVISIONS
    assert script.get_heads() == [migrations.REVISIONS[-1]]


async def test_an_older_schema_is_refused_with_the_command_that_mends_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F23."""
    monkeypatch.setattr(migrations, "REVISIONS", (*migrations.REVISIONS, "9999"))
    with pytest.raises(StaleSchemaError, match=r"older .* run: dialer migrate"):
        async with open_store(settings):
            pass


async def test_a_newer_schema_is_refused(settings: Settings, database_url: str) -> None:
    """F23."""
    await run(database_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StaleSchemaError, match=r"9999.* newer than this program"):
        async with open_store(settings):
            pass


async def test_a_database_of_somebody_else_is_refused_and_left_as_it_was(
    settings: Settings, empty_database_url: str
) -> None:
    await run(empty_database_url, "CREATE TABLE invoices (id int)")
    empty = settings.model_copy(update={"dialer_database_url": empty_database_url})
    with pytest.raises(StaleSchemaError, match="other tables"):
        async with open_store(empty):
            pass
    assert await tables(empty_database_url) == {"invoices"}


async def test_a_schema_taken_down_to_nothing_is_refused_with_the_command_that_mends_it(database_url: str) -> None:
    engine = make_engine(database_url)
    await migrate(engine, "base")
    with pytest.raises(StaleSchemaError, match="run: dialer migrate"):
        await ready_schema(engine)
    await migrate(engine)
    await ready_schema(engine)
    await engine.dispose()


async def test_an_empty_database_gets_its_schema_by_itself(settings: Settings, empty_database_url: str) -> None:
    empty = settings.model_copy(update={"dialer_database_url": empty_database_url})
    async with open_store(empty) as store, store.sessions() as session:
        assert (await session.scalars(text("SELECT name FROM script ORDER BY name"))).all() == [
            "ava",
            "ava-hindi",
            "ava-hinglish",
        ]
    async with open_store(empty) as store, store.sessions() as session:
        assert (await session.scalars(text("SELECT version FROM script"))).all() == [1, 1, 1]


async def test_a_new_database_has_the_one_window_desk(database_url: str) -> None:
    engine = make_engine(database_url)
    async with make_sessions(engine)() as session:
        (desk,) = (await session.scalars(select(Counselor))).all()
        hours = (await session.scalars(select(CounselorHours).order_by(CounselorHours.weekday))).all()
    assert (desk.name, desk.zone, desk.active) == ("One Window desk", "Asia/Kolkata", True)
    assert [(each.weekday, each.opens, each.closes) for each in hours] == [
        (day, time(10), time(18)) for day in range(6)
    ]
    await engine.dispose()
