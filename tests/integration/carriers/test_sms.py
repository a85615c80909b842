"""Short texts for students without an e-mail address: only where they are switched on, once, and never after a no."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import select

from dialer.carriers.twilio.sms import Channel, TwilioSms
from dialer.domain.numbers.sample_numbers import SAMPLE_NUMBERS
from dialer.net.ics.invitation import Party
from dialer.net.mailer import make_mailer
from dialer.services.meetings.emails import MailSettings
from dialer.services.meetings.send_emails import send_emails
from dialer.services.meetings.signed_links import SignedLinks
from dialer.settings import Settings
from dialer.simulator.world import World, WorldSettings, simulated_world
from dialer.store.tables import Incident, Lead, OutboxMessage
from dialer.wiring.mail_links import make_sms
from dialer.wiring.stores import Store
from tests.support.meetings import booked
from tests.support.people import TUESDAY_11, sql

HOUSE = MailSettings(
    Party("One Window", "bookings@dialer.example.org"), SignedLinks("https://dialer.example.org", "a secret")
)


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with simulated_world(WorldSettings(speed=20)) as made:
        yield made


def texts_of(world: World, *, channel: Channel = "sms", number: str | None = None, near: bool = True) -> TwilioSms:
    told = world.settings
    return TwilioSms(told.account_sid, told.auth_token, number or told.from_numbers[0], world.twilio_url, channel, near)


async def sent(store: Store, folder: Path, texts: TwilioSms | None) -> int:
    """What a worker does; how many letters and texts were taken."""
    try:
        return await send_emails(store.sessions, make_mailer(None, folder), HOUSE, TUESDAY_11, texts)
    finally:
        if texts is not None:
            await texts.close()


async def to_student(store: Store) -> OutboxMessage:
    async with store.sessions() as session:
        return (await session.scalars(select(OutboxMessage).where(OutboxMessage.recipient == "student"))).one()


@pytest.mark.parametrize("channel", ["sms", "whatsapp"])
async def test_a_student_without_an_address_is_texted_once_with_the_link_to_move_it(
    store: Store, world: World, tmp_path: Path, channel: Channel
) -> None:
    await booked(store, email=None)
    for _ in range(2):
        await sent(store, tmp_path, texts_of(world, channel=channel))
    (text,) = world.ledger.texts
    prefix = "whatsapp:" if channel == "whatsapp" else ""
    async with store.sessions() as session:
        assert text.to == prefix + ((await session.scalar(select(Lead.phone))) or "")
    assert "Thursday 12 February 2026" in text.body
    assert "https://dialer.example.org/meetings/" in text.body
    assert (await to_student(store)).state == "sent"
    assert world.ledger.refusals == []


async def test_a_student_with_an_address_gets_a_letter_and_no_text(store: Store, world: World, tmp_path: Path) -> None:
    await booked(store)
    await sent(store, tmp_path, texts_of(world))
    assert world.ledger.texts == []
    assert (await to_student(store)).state == "sent"


async def test_nobody_is_texted_where_it_was_not_switched_on(
    store: Store, settings: Settings, world: World, tmp_path: Path
) -> None:
    twilio = {"twilio_account_sid": "AC1", "twilio_auth_token": settings.dialer_secret_key, "twilio_from_number": "+1"}
    assert make_sms(settings.model_copy(update=twilio)) is None
    await booked(store, email=None)
    await sent(store, tmp_path, None)
    assert ((await to_student(store)).state, world.ledger.texts) == ("skipped", [])


async def test_who_said_no_is_not_texted_either(store: Store, world: World, tmp_path: Path) -> None:
    await booked(store, email=None)
    await sql(
        store.sessions,
        "INSERT INTO do_not_call (phone, scope, source, reason, added_by) SELECT phone, 'account', 't', '', 't' FROM lead",
    )
    await sent(store, tmp_path, texts_of(world))
    found = await to_student(store)
    assert (found.state, found.last_error, world.ledger.texts) == (
        "skipped",
        "the number is on the do-not-call list",
        [],
    )


async def test_the_sample_lists_numbers_are_not_texted_over_a_real_carrier(
    store: Store, world: World, tmp_path: Path
) -> None:
    await booked(store, email=None)
    await sql(store.sessions, f"UPDATE lead SET phone = '{min(SAMPLE_NUMBERS)}'")
    await sent(store, tmp_path, texts_of(world, near=False))
    assert (await to_student(store)).state == "skipped"
    assert world.ledger.texts == []


async def test_a_text_that_is_refused_is_given_up_and_said(store: Store, world: World, tmp_path: Path) -> None:
    await booked(store, email=None)
    await sent(store, tmp_path, texts_of(world, number="+15005550001"))
    found = await to_student(store)
    assert found.state == "given_up"
    assert "+15005550001" in (found.last_error or "")
    async with store.sessions() as session:
        assert (await session.scalars(select(Incident))).one().kind == "mail"


async def test_where_twilio_is_not_reached_it_is_tried_again(store: Store, world: World, tmp_path: Path) -> None:
    await booked(store, email=None)
    away = TwilioSms("AC1", "t", "+15005550006", "http://127.0.0.1:9", "sms", True)
    await sent(store, tmp_path, away)
    assert (await to_student(store)).state == "waiting"


@pytest.mark.parametrize(
    ("form", "code"),
    [
        ({"From": "+15005550006", "Body": "x"}, 21604),
        ({"To": "+919812000001", "Body": "x"}, 21603),
        ({"To": "+919812000001", "From": "+15005550006"}, 21602),
        ({"To": "12", "From": "+15005550006", "Body": "x"}, 21211),
        ({"To": "+919812000001", "From": "+15005550001", "Body": "x"}, 21606),
        ({"To": "whatsapp:+919812000001", "From": "+15005550006", "Body": "x"}, 63007),
        ({"To": "+919812000001", "From": "+15005550006", "Body": "x" * 1601}, 21617),
    ],
)
async def test_the_world_refuses_what_twilio_refuses(world: World, form: dict[str, Any], code: int) -> None:
    told = world.settings
    headers = {"Authorization": aiohttp.encode_basic_auth(told.account_sid, told.auth_token)}
    url = f"{world.twilio_url}/2010-04-01/Accounts/{told.account_sid}/Messages.json"
    async with aiohttp.ClientSession(headers=headers) as client, client.post(url, data=form) as answer:
        assert (answer.status, (await answer.json())["code"]) == (400, code)
