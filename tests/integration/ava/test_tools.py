"""AVA's eight tools on a real call: what is written down, offered, held and booked."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from dialer.ava.tools import Tools
from dialer.store.tables import Booking, EnquiryValue, ToolUse
from dialer.wiring.stores import Store
from tests.support.ava import Ava, all_of, end
from tests.support.carrier import ScriptedCarrier
from tests.support.people import (
    TUESDAY_11,
    sql,
    talk_with,
)

KOLKATA = ZoneInfo("Asia/Kolkata")


@pytest.fixture
async def ava(store: Store) -> Ava:
    return Ava(store, await talk_with(store.sessions, ScriptedCarrier()))


async def test_what_a_student_says_is_written_down_in_the_common_wording(store: Store, ava: Ava) -> None:
    ava.tools.heard("turn_1")
    result = await ava("save_enquiry", country="the states", budget="20 lakhs", english_test="ielts 7")
    assert result["saved"] == {
        "country": "United States",
        "budget": result["saved"]["budget"],
        "english_test": "IELTS 7.0",
    }
    assert result["missing"] == ["name", "inspiration", "course", "intake", "funding"]
    assert result["say"]
    values = {row.field: row for row in await all_of(store, EnquiryValue)}
    assert (values["country"].value, values["country"].original) == ("United States", "the states")
    assert {row.turn_item for row in values.values()} == {"turn_1"}


async def test_a_corrected_value_is_added_and_nothing_is_overwritten(store: Store, ava: Ava) -> None:
    await ava("save_enquiry", course="MBA")
    await ava("save_enquiry", course="MBA")
    await ava("save_enquiry", course="MSc Data Science")
    assert [row.value for row in await all_of(store, EnquiryValue)] == ["MBA", "MSc Data Science"]


async def test_what_no_database_can_hold_is_left_out_and_the_rest_is_kept(store: Store, ava: Ava) -> None:
    saved = (await ava("save_enquiry", course="M\0BA"))["saved"]
    assert saved["course"].replace(" ", "") == "MBA"
    assert [row.value for row in await all_of(store, EnquiryValue)] == [saved["course"]]


async def test_at_most_three_times_are_offered_and_the_counselor_can_keep_each(ava: Ava) -> None:
    result = await ava("find_slots")
    assert 1 <= len(result["slots"]) <= 3
    for slot in result["slots"]:
        starts = datetime.fromisoformat(slot["starts"]).astimezone(KOLKATA)
        assert starts >= TUESDAY_11 + timedelta(hours=1)
        assert starts.weekday() < 6
        assert 10 <= starts.hour < 18
        assert slot["say"] in result["say"]
    assert len({slot["slot"] for slot in result["slots"]}) == len(result["slots"])


async def test_a_named_day_and_part_of_it_are_kept_to(ava: Ava) -> None:
    result = await ava("find_slots", day="2026-02-12", part_of_day="afternoon")
    for slot in result["slots"]:
        starts = datetime.fromisoformat(slot["starts"])
        assert starts.date() == date(2026, 2, 12)
        assert 12 <= starts.hour < 17
    assert result["slots"]


@pytest.mark.parametrize("day", ["2026-02-09", "2026-02-30", "2025-02-30", "yesterday", "the day that never comes"])
async def test_a_past_day_and_a_day_that_does_not_exist_are_said_so(ava: Ava, day: str) -> None:
    result = await ava("find_slots", day=day)
    assert result["slots"] == []
    assert result["say"].endswith("?")
    assert "error" not in result


async def test_a_sunday_gets_other_times(ava: Ava) -> None:
    result = await ava("find_slots", day="2026-02-15")
    assert result["slots"]
    assert all(datetime.fromisoformat(slot["starts"]).weekday() != 6 for slot in result["slots"])


async def test_hold_read_back_and_book(store: Store, ava: Ava) -> None:
    slot = (await ava("find_slots"))["slots"][0]
    held = await ava("hold_slot", slot=slot["slot"])
    assert (held["held"], held["expires_in_s"]) == (True, 180)
    assert held["read_back"].startswith("Today, Tuesday the tenth of February, at ")
    assert held["say"].endswith(" with One Window desk. Is that right?")
    assert held["read_back"] in held["say"]
    booked = await ava("book_slot", slot=slot["slot"])
    assert booked["booked"] is True
    assert booked["starts"] == slot["starts"]
    (booking,) = await all_of(store, Booking)
    assert str(booking.id) == booked["booking_id"]
    assert (booking.state, booking.held_until, booking.lead_zone) == ("booked", None, "Asia/Kolkata")
    assert booking.during.lower == datetime.fromisoformat(slot["starts"])


async def test_a_time_that_the_student_has_not_been_read_is_not_booked(store: Store, ava: Ava) -> None:
    now = TUESDAY_11
    ava.tools = Tools(store.sessions, ava.talk, lambda: now)
    ava.tools.heard("the first one, please")
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    held = await ava("hold_slot", slot=slot)
    for _ in range(2):
        refused = await ava("book_slot", slot=slot)
        assert (refused["booked"], refused["say"]) == (False, held["say"])
    assert [row.state for row in await all_of(store, Booking)] == ["held"]
    ava.tools.heard("yes")
    assert (await ava("book_slot", slot=slot))["booked"] is True


async def test_a_voice_that_names_the_students_answer_late_can_still_book(store: Store, ava: Ava) -> None:
    now = TUESDAY_11
    ava.tools = Tools(store.sessions, ava.talk, lambda: now)
    ava.tools.heard("the first one, please")
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    await ava("hold_slot", slot=slot)
    assert (await ava("book_slot", slot=slot))["booked"] is False
    now += timedelta(seconds=4)
    assert (await ava("book_slot", slot=slot))["booked"] is True


@pytest.mark.parametrize("asked", [False, True])
@pytest.mark.parametrize("when", ["before the hold", "before the booking"])
async def test_another_time_than_the_one_chosen_is_said_to_be_another(
    store: Store, ava: Ava, when: str, asked: bool
) -> None:
    ava.tools.heard("turn_1")
    chosen, *others = (await ava("find_slots"))["slots"]
    if when == "before the booking":
        assert (await ava("hold_slot", slot=chosen["slot"]))["held"]
        ava.tools.heard("turn_2")
    at = datetime.fromisoformat(chosen["starts"])
    busy = f"'[{at.isoformat()}, {(at + timedelta(minutes=30)).isoformat()})'"
    await sql(store.sessions, f"INSERT INTO busy_time (counselor_id, during) SELECT id, {busy} FROM counselor")
    tool = "hold_slot" if when == "before the hold" else "book_slot"
    assert "is no longer free" in (await ava(tool, slot=chosen["slot"]))["say"]
    if asked:
        ava.tools.heard("turn_3")
    held = await ava("hold_slot", slot=others[0]["slot"])
    said = f"The time you chose is no longer free, so I am holding another one for you. {held['read_back']} "
    assert held["held"] is True
    assert held["say"].startswith(said) is not asked, "a student who chose it themselves is not told so"


async def test_booking_twice_is_one_booking_with_one_id(store: Store, ava: Ava) -> None:
    slots = (await ava("find_slots"))["slots"]
    await ava("hold_slot", slot=slots[0]["slot"])
    first = await ava("book_slot", slot=slots[0]["slot"])
    again = await ava("book_slot", slot=slots[0]["slot"])
    other = await ava("book_slot", slot=slots[1]["slot"])
    assert first["booking_id"] == again["booking_id"] == other["booking_id"]
    assert (await ava("hold_slot", slot=slots[1]["slot"]))["held"] is False
    assert len(await all_of(store, Booking)) == 1


async def test_a_time_that_is_not_held_is_not_booked(store: Store, ava: Ava) -> None:
    slots = (await ava("find_slots"))["slots"]
    for token in (slots[0]["slot"], "deadbeef", "2026-02-11T10:00"):
        result = await ava("book_slot", slot=token)
        assert (result["booked"], bool(result["slots"])) == (False, True)
    await ava("hold_slot", slot=slots[0]["slot"])
    assert (await ava("book_slot", slot=slots[1]["slot"]))["booked"] is False
    assert [row.state for row in await all_of(store, Booking)] == ["held"]


async def test_a_hold_that_ran_out_is_not_booked(store: Store, ava: Ava) -> None:
    slot = (await ava("find_slots"))["slots"][0]
    await ava("hold_slot", slot=slot["slot"])
    await sql(store.sessions, "UPDATE booking SET held_until = now() - interval '1 second'")
    result = await ava("book_slot", slot=slot["slot"])
    assert result["booked"] is False
    assert result["slots"]


async def test_a_second_hold_lets_the_first_go(store: Store, ava: Ava) -> None:
    slots = (await ava("find_slots"))["slots"]
    for slot in slots[:2]:
        assert (await ava("hold_slot", slot=slot["slot"]))["held"] is True
    (held,) = await all_of(store, Booking)
    assert held.during.lower == datetime.fromisoformat(slots[1]["starts"])


async def test_a_token_means_something_in_its_own_call_only(store: Store, ava: Ava) -> None:
    slot = (await ava("find_slots"))["slots"][0]["slot"]
    other = Ava(store, await talk_with(store.sessions, ScriptedCarrier(), 2))
    result = await other("hold_slot", slot=slot)
    assert (result["held"], result["reason"]) == (False, "that time was not offered in this call")
    assert len(result["slots"]) <= 3
    assert await all_of(store, Booking) == []


async def test_a_hold_ends_with_its_call(store: Store, ava: Ava) -> None:
    await ava("hold_slot", slot=(await ava("find_slots"))["slots"][0]["slot"])
    await end(store, ava.talk)
    assert await all_of(store, Booking) == []


async def test_the_same_item_again_gives_the_same_result_and_one_effect(store: Store, ava: Ava) -> None:
    first = await ava("save_enquiry", item="fc_1", course="MBA")
    await ava("save_enquiry", item="fc_2", course="MSc Data Science")
    assert await ava("save_enquiry", item="fc_1", course="MBA") == first
    assert [row.value for row in await all_of(store, EnquiryValue)] == ["MBA", "MSc Data Science"]
    found = await ava("find_slots", item="fc_3")
    await ava("hold_slot", item="fc_4", slot=found["slots"][0]["slot"])
    assert await ava("find_slots", item="fc_3") == found
    assert sorted(use.item for use in await all_of(store, ToolUse)) == ["fc_1", "fc_2", "fc_3", "fc_4"]
