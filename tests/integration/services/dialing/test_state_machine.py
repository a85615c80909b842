"""Whatever people, carriers, workers and clocks do, in whatever order: nobody is rung against a rule, nobody is lost.

A machine plays it against the real database and the real flows, and looks at everything after every step. The carrier
is a ledger: at every request it asks the tables, by itself, whether this phone may ring now.
"""

import asyncio
import os
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from dialer.carriers.port import (
    AccountRejected,
    CallRequest,
    CallStatus,
    Ended,
    NumberRejected,
    Placed,
    PlaceResult,
    Throttled,
    Unknown,
)
from dialer.domain.calling.call import LIVE, OVER, Outcome, State
from dialer.services.calls.accept_stream import AcceptedCall, accept_stream
from dialer.services.calls.close_conversation import CallMetrics, close_conversation
from dialer.services.calls.record_status import record_status
from dialer.services.campaigns.breakers import trip_breakers
from dialer.services.campaigns.stop import stop_campaign
from dialer.services.dialing.claim import claim_due
from dialer.services.dialing.place import place_call
from dialer.services.dialing.sweep import sweep
from dialer.services.do_not_call.suppress import opt_out, suppress
from dialer.services.scripts import Shipped, install_shipped_scripts
from dialer.store.calls import calls
from dialer.store.campaigns import campaigns, kill_switches
from dialer.store.sessions import Sessions, make_engine, make_sessions
from dialer.store.tables import Call
from tests.support.actors import ADMIN
from tests.support.carrier import HUNG_UP, ScriptedCarrier
from tests.support.gate_facts import DAY, MINUTE, OWN, PLACES, by_the_clock
from tests.support.people import ADDRESSES, TUESDAY_11, claim, enrol, phone_of, place, running_campaign, sql

SHORT, LONG = (16, 30), (int(os.environ.get("DIALER_STATE_MACHINE_RUNS", "2000")), 50)
"""Runs of the machine, and steps of each: in every run of the tests, and in the full one (100,000 steps)."""

T = TypeVar("T")
INDIA = PLACES[0]
RANK = {state: rank for rank, state in enumerate(State)}
ENDINGS = (
    Ended(answered=False, busy=True, says="busy"),
    Ended(answered=False, no_answer=True, says="no-answer"),
    Ended(answered=False, says="failed"),
    HUNG_UP,
)
YES = ("yes", "yes, unheard", "yes, and the worker dies")
ANSWERS = (*YES, "yes", "no, unheard", "no, and the worker dies", "number refused", "account refused", "later")
MAY_RING = """
SELECT call.campaign_id, campaign.state, calls_per_day, campaign_lead.rank = 0 AS promised, lead.zones,
  EXISTS (SELECT FROM kill_switch WHERE scope IN ('all', 'carrier:twilio')) AS killed,
  EXISTS (SELECT FROM do_not_call WHERE phone = call.phone
    AND scope IN ('account', 'campaign:' || call.campaign_id)) AS listed
FROM call JOIN campaign ON campaign.id = call.campaign_id JOIN campaign_lead ON campaign_lead.id = campaign_lead_id
  JOIN lead ON lead.id = lead_id WHERE call.id = :id
"""
TABLES = "call, campaign, campaign_lead, lead, do_not_call, kill_switch, rate_bucket, call_event"
EVERYONE = st.integers(1, 8)
ANY = st.integers(0, 10**6)


class Ledger(ScriptedCarrier):
    """The carrier: it keeps who rang when, and writes down every wrong that a request is."""

    def __init__(self, sessions: Sessions) -> None:
        super().__init__()
        self.sessions = sessions
        self.now = TUESDAY_11
        self.answer = "yes"
        self.slow: list[asyncio.Future[str]] = []
        self.rings: list[tuple[str, datetime]] = []
        self.of_call: Counter[UUID] = Counter()
        self.tokens: dict[str, str] = {}
        self.news: list[tuple[UUID, CallStatus]] = []
        self.wrongs: list[str] = []

    async def place(self, order: CallRequest) -> PlaceResult:
        """Look whether it is right to ask, then answer as the machine chose, now or later."""
        self.orders.append(order)
        self.wrongs += [f"{wrong}: {order.to} at {self.now}" async for wrong in self._objections(order)]
        answer = self.answer
        if answer == "slow":
            self.slow.append(asyncio.get_running_loop().create_future())
            answer = await self.slow[-1]
        sid = f"CA{len(self.rings):04}"
        if answer in YES:
            self.of_call[order.call_id] += 1
            self.rings.append((order.to, self.now))
            self.tokens[sid] = order.token
            self.knows(sid, order.to, State.PLACED)
            self.news.append((order.call_id, self.calls[sid]))
        match answer:
            case "yes":
                return Placed(sid)
            case "number refused":
                return NumberRejected("no such number")
            case "account refused":
                return AccountRejected("no money")
            case "later":
                return Throttled("too many requests", 2.0)
            case "yes, and the worker dies" | "no, and the worker dies":
                raise asyncio.CancelledError
        return Unknown("nothing was heard")

    async def _objections(self, order: CallRequest) -> Any:
        async with self.sessions() as session:
            row = (await session.execute(text(MAY_RING), {"id": order.call_id})).one()
        own = None if row.promised else OWN
        for wrong in by_the_clock(INDIA, self.now, row.zones, own):
            yield wrong
        if row.state != "running":
            yield f"the campaign is {row.state}"
        if row.killed:
            yield "the kill switch is on"
        if row.listed:
            yield "on the do-not-call list"
        if any(each.to == order.to and each.state is not State.ENDED for each in self.calls.values()):
            yield "the phone rings already"
        at_times = [at for phone, at in self.rings if phone == order.to]
        day = (
            sum(self.now - DAY < at <= self.now for at in at_times),
            sum(self.now <= at < self.now + DAY for at in at_times),
        )
        if not row.promised and max(day) >= row.calls_per_day:
            yield f"rung {max(day)} times in 24 hours"

    def becomes(self, sid: str, state: State, ended: Ended | None = None) -> None:
        """Something happens to the call at the carrier, and a webhook is on its way."""
        if list(State).index(state) > list(State).index(self.calls[sid].state):
            self.calls[sid] = replace(self.calls[sid], state=state, ended=ended)
            (call_id,) = {call_id for call_id, report in self.news if report.sid == sid}
            self.news.append((call_id, self.calls[sid]))

    async def hang_up(self, sid: str) -> None:
        """End it."""
        self.becomes(sid, State.ENDED, HUNG_UP if self.calls[sid].state is State.TALKING else ENDINGS[1])

    async def cancel(self, sid: str) -> None:
        """Take it back, unless somebody answered."""
        if self.calls[sid].state is not State.TALKING:
            self.becomes(sid, State.ENDED, Ended(answered=False, cancelled=True, says="canceled"))

    async def find(self, to: str, from_number: str, since: datetime) -> tuple[CallStatus, ...]:
        """The list lags by half a minute."""
        shown = [each for each in await super().find(to, from_number, since) if each.created_at]
        first, last = since - timedelta(seconds=5), datetime.now(UTC) - timedelta(seconds=30)
        return tuple(each for each in shown if each.created_at and first <= each.created_at <= last)

    def age(self, seconds: int) -> None:
        """Real time passes."""
        for sid, each in self.calls.items():
            assert each.created_at is not None
            self.calls[sid] = replace(each, created_at=each.created_at - timedelta(seconds=seconds))


class Dialer(RuleBasedStateMachine):
    """Eight students, two campaigns that share them, and everything that can happen."""

    runner: asyncio.Runner
    sessions: Sessions
    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(self.sessions)
        self.carriers = {"twilio": self.ledger}
        self.jobs: list[UUID] = []
        self.meant: list[UUID] = []
        self.tasks: list[asyncio.Task[Any]] = []
        self.talking: dict[UUID, str] = {}
        self.seen: dict[UUID, State] = {}

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        type(self).steps += 1
        return self.runner.run(work)

    def change(self, work: Callable[..., Coroutine[Any, Any, T]], *args: Any, **named: Any) -> T:
        """One transaction."""

        async def transaction() -> T:
            async with self.sessions.begin() as session:
                return await work(session, *args, **named)

        return self.run(transaction())

    @initialize()
    def two_campaigns(self) -> None:
        async def make() -> tuple[int, ...]:
            await sql(self.sessions, f"TRUNCATE {TABLES} RESTART IDENTITY CASCADE")
            made = [await running_campaign(self.sessions, name, tokens=1000.0, per_second=1000.0) for name in "AB"]
            for each in made:
                await enrol(self.sessions, each, map(phone_of, range(1, 6)))
            return tuple(made)

        self.campaigns = self.run(make())

    @rule(campaign=st.integers(0, 1), n=EVERYONE)
    def upload(self, campaign: int, n: int) -> None:
        query = (
            "SELECT count(*) FROM campaign_lead JOIN lead ON lead.id = lead_id WHERE campaign_id = :c AND phone = :p"
        )
        if not self.run(sql(self.sessions, query, c=self.campaigns[campaign], p=phone_of(n))):
            self.run(enrol(self.sessions, self.campaigns[campaign], [phone_of(n)]))

    @rule(campaign=st.integers(0, 1), state=st.sampled_from(("running", "running", "running", "paused")))
    def start_or_pause(self, campaign: int, state: str) -> None:
        self.change(campaigns.move, self.campaigns[campaign], state)

    @rule(campaign=st.integers(0, 1), hang_up=st.booleans())
    def stop(self, campaign: int, hang_up: bool) -> None:
        at = self.ledger.now
        self.run(stop_campaign(self.sessions, ADMIN, self.campaigns[campaign], self.carriers, at, hang_up=hang_up))

    @rule(bell_lost=st.sampled_from((False, False, True)))
    def tick(self, bell_lost: bool) -> None:
        claimed = self.change(claim_due, self.carriers, self.ledger.now)
        meant = [call_id for batch in claimed for call_id in batch.calls]
        self.meant += meant
        self.jobs += [] if bell_lost else meant

    @precondition(lambda self: self.jobs)
    @rule(which=ANY, answer=st.sampled_from(ANSWERS), times=st.integers(1, 2), again=st.booleans())
    def deliver(self, which: int, answer: str, times: int, again: bool) -> None:
        call_id = self.jobs[which % len(self.jobs)]
        if not again:
            self.jobs.remove(call_id)
        self.ledger.answer = answer

        async def at_once() -> None:
            for done in await asyncio.gather(*(self._job(call_id) for _ in range(times)), return_exceptions=True):
                if isinstance(done, Exception):
                    raise done

        self.run(at_once())

    @precondition(lambda self: self.jobs)
    @rule(which=ANY)
    def deliver_to_a_carrier_that_takes_its_time(self, which: int) -> None:
        self.ledger.answer, waiting = "slow", len(self.ledger.slow)

        async def begin() -> None:
            task = asyncio.create_task(self._job(self.jobs[which % len(self.jobs)]))
            self.tasks.append(task)
            while not task.done() and len(self.ledger.slow) == waiting:
                await asyncio.sleep(0.001)

        self.run(begin())

    @precondition(lambda self: self.ledger.slow)
    @rule(answer=st.sampled_from(ANSWERS))
    def the_carrier_answers_at_last(self, answer: str) -> None:
        async def end() -> None:
            for slow in self.ledger.slow:
                slow.set_result(answer)
            await asyncio.gather(*self.tasks, return_exceptions=True)

        self.run(end())
        for task in self.tasks:
            assert task.cancelled() or task.exception() is None, task.exception()
        self.ledger.slow.clear()
        self.tasks.clear()

    async def _job(self, call_id: UUID) -> None:
        clock = lambda: self.ledger.now  # noqa: E731
        said = await place_call(self.sessions, call_id, self.carriers, ADDRESSES, clock)
        if isinstance(said, Throttled) and call_id not in self.jobs:
            self.jobs.append(call_id)

    @precondition(lambda self: self.ledger.calls)
    @rule(which=ANY, state=st.sampled_from((State.RINGING, State.TALKING, State.ENDED)), how=st.sampled_from(ENDINGS))
    def the_phone(self, which: int, state: State, how: Ended) -> None:
        sid = sorted(self.ledger.calls)[which % len(self.ledger.calls)]
        if state is State.ENDED and (how is HUNG_UP) != (self.ledger.calls[sid].state is State.TALKING):
            how = HUNG_UP if how is not HUNG_UP else ENDINGS[1]
        self.ledger.becomes(sid, state, how if state is State.ENDED else None)

    @precondition(lambda self: self.ledger.news)
    @rule(which=ANY, many=st.integers(1, 8))
    def webhooks_come(self, which: int, many: int) -> None:
        """Any that were ever on their way, so late, doubled and reversed; bound by sid or by token, as the web does it."""
        news = sorted(self.ledger.news, key=lambda each: (each[1].sid, RANK[each[1].state]))
        for call_id, report in random.Random(which).choices(news[-6:] if which % 2 else news, k=many):
            self.change(self._hear, call_id, report)

    @rule(how=st.sampled_from(ENDINGS[:3]), days=st.integers(0, 2))
    def everything_goes_its_ordinary_way(self, how: Ended, days: int) -> None:
        """Who may be rung is rung, nobody takes the call, and we are told: so that a run comes far in few steps."""
        for _ in range(days):
            self.a_new_day_begins()
        self.tick(bell_lost=False)
        while self.jobs:
            self.deliver(which=0, answer="yes", times=1, again=False)
        for sid in self.ledger.calls:
            if self.ledger.calls[sid].state in (State.PLACED, State.RINGING):
                self.ledger.becomes(sid, State.ENDED, how)
                self.change(self._hear, *self.ledger.news[-1])

    @rule(answer=st.sampled_from(ANSWERS), talks=st.booleans())
    def somebody_is_rung(self, answer: str, talks: bool) -> None:
        """A way into the middle of a call: one of those who may be rung is asked for, and perhaps answers."""
        self.a_new_day_begins()
        self.tick(bell_lost=False)
        known = set(self.ledger.calls)
        if self.jobs:
            self.deliver(which=len(self.jobs) - 1, answer=answer, times=2, again=True)
        for sid in sorted(set(self.ledger.calls) - known) if talks else ():
            self.the_phone(which=sorted(self.ledger.calls).index(sid), state=State.TALKING, how=HUNG_UP)
            self.the_bridge_answers(which=0)

    async def _hear(self, session: Any, call_id: UUID, report: CallStatus) -> None:
        found = await calls.by_sid(session, "twilio", report.sid)
        if found is None and (call := await calls.by_token(session, self.ledger.tokens[report.sid])):
            found = call.id if call.carrier_sid in (None, report.sid) else None
        if found is not None:
            assert found == call_id
            await record_status(session, found, report, self.ledger.now)

    @precondition(lambda self: any(each.state is State.TALKING for each in self.ledger.calls.values()))
    @rule(which=ANY)
    def the_bridge_answers(self, which: int) -> None:
        speaking = sorted(sid for sid, each in self.ledger.calls.items() if each.state is State.TALKING)
        sid = speaking[which % len(speaking)]
        answered = self.change(accept_stream, self.ledger.tokens[sid], sid, self.ledger.now)
        if isinstance(answered, AcceptedCall):
            self.talking[answered.talk.call_id] = sid
        elif sid not in self.talking.values():
            self.run(self.ledger.hang_up(sid))

    @precondition(lambda self: self.talking)
    @rule(
        which=ANY,
        says=st.sampled_from((None, Outcome.NOT_INTERESTED, Outcome.CALL_LATER, Outcome.DO_NOT_CALL)),
        minutes=st.integers(1, 600),
        ours=st.none() | st.just("the voice was lost"),
    )
    def the_talk_ends(self, which: int, says: Outcome | None, minutes: int, ours: str | None) -> None:
        call_id = list(self.talking)[which % len(self.talking)]
        at = self.ledger.now

        async def close(session: Any) -> None:
            call = await session.get_one(Call, call_id)
            match says:
                case Outcome.DO_NOT_CALL:
                    await opt_out(session, call, "do not call me again", at)
                case Outcome.CALL_LATER:
                    call.promised_at, call.reported = at + minutes * MINUTE, says
                case _:
                    call.reported = says
            await session.flush()
            await close_conversation(session, call_id, CallMetrics({}, (), "", "", 400, (400,)), ours=ours, now=at)

        self.change(close)
        self.ledger.becomes(self.talking.pop(call_id), State.ENDED, HUNG_UP)

    @rule()
    def sweep(self) -> None:
        found = self.run(sweep(self.sessions, self.carriers, self.ledger.now)).intents
        self.jobs += sorted(found, key=self.meant.index)

    @rule()
    def judge(self) -> None:
        self.change(trip_breakers)

    @rule(n=EVERYONE, scope=st.sampled_from(("account", "campaign:1", "campaign:2")))
    def list_somebody(self, n: int, scope: str) -> None:
        named = {"source": "by hand", "reason": "asked", "by": "test", "now": self.ledger.now}
        self.change(suppress, [phone_of(n)], scope=scope, **named)

    @rule(n=EVERYONE)
    def take_off_every_list(self, n: int) -> None:
        self.run(sql(self.sessions, "DELETE FROM do_not_call WHERE phone = :phone", phone=phone_of(n)))

    @rule(on=st.sampled_from((False, False, True)), scope=st.sampled_from(("all", "carrier:twilio")))
    def kill_switch(self, on: bool, scope: str) -> None:
        self.change(kill_switches.activate, scope, "fire", "test") if on else self.change(kill_switches.release, scope)

    @rule(n=EVERYONE, zone=st.sampled_from(("Asia/Kolkata", "Asia/Kolkata", "Europe/London", "America/New_York")))
    def the_zone_is_edited(self, n: int, zone: str) -> None:
        query = "UPDATE lead SET zones = ARRAY[:zone] WHERE phone = :phone"
        self.run(sql(self.sessions, query, zone=zone, phone=phone_of(n)))

    @rule(minutes=st.sampled_from((1, 11, 31, 62, 200, 330, 700, 1380, 1441, 4320, -1, -61, -1440)))
    def the_clock_jumps(self, minutes: int) -> None:
        self.ledger.now += minutes * MINUTE

    @rule()
    def a_new_day_begins(self) -> None:
        """What was stopped is started, and nothing but the leads themselves stands against ringing them."""
        self.the_clock_jumps(minutes=30)
        while by_the_clock(INDIA, self.ledger.now, [INDIA.zone], OWN):
            self.the_clock_jumps(minutes=30)
        self.run(sql(self.sessions, "DELETE FROM kill_switch"))
        for campaign in (0, 1):
            self.start_or_pause(campaign=campaign, state="running")

    @rule(seconds=st.sampled_from((20, 50, 100, 1000)))
    def real_time_passes(self, seconds: int) -> None:
        """A request is never on its way for longer than the carrier's deadline, seconds (rest.py)."""
        if self.ledger.slow and seconds > 50:
            self.the_carrier_answers_at_last(answer="yes, unheard")
        moments = (
            "inserted_at",
            "placing_at",
            "last_event_at",
            "unknown_at",
            "stream_opened_at",
            "stream_closed_at",
            "not_before",
            "placement_tried_at",
        )
        moved = ", ".join(f"{name} = {name} - make_interval(secs => {seconds})" for name in moments)
        self.run(sql(self.sessions, f"UPDATE call SET {moved}"))
        self.ledger.age(seconds)

    @invariant()
    def all_is_well(self) -> None:
        assert self.ledger.wrongs == []
        assert set(self.ledger.of_call.values()) <= {1}, "one call, one ring"

        async def rows() -> tuple[list[Any], list[Any]]:
            async with self.sessions() as session:
                call = await session.execute(
                    text("SELECT id, phone, state, outcome, campaign_lead_id AS lead, carrier_sid FROM call")
                )
                leads = await session.execute(text("SELECT id, state, attempts, next_attempt_at FROM campaign_lead"))
                return list(call), list(leads)

        made, leads = self.runner.run(rows())
        live = [call for call in made if call.state in LIVE]
        assert max(Counter(call.phone for call in live).values(), default=0) <= 1
        for lead in leads:
            assert (lead.state == "calling") == any(call.lead == lead.id for call in live), "lost, or rung unawares"
            assert lead.attempts == sum(call.lead == lead.id and call.state != State.CANCELLED for call in made)
        for call in made:
            was, now = self.seen.get(call.id, State.INTENT), State(call.state)
            assert RANK[now] >= RANK[was] or (was, now) == (State.PLACING, State.INTENT), "a call went back"
            given_up = call.outcome == Outcome.NOT_PLACED and call.carrier_sid is None
            assert not (given_up and self.ledger.of_call[call.id]), "given up, and rung"
            assert (now is State.ENDED) == (call.outcome is not None)
            assert not (was in OVER and now is not was)
            self.seen[call.id] = now

    def teardown(self) -> None:
        """Every webhook is lost, every bridge dies, all phones are put down: the sweeper alone settles everything."""
        if not hasattr(self, "campaigns"):
            return
        if self.ledger.slow:
            self.the_carrier_answers_at_last(answer="yes, and the worker dies")
        for sid in self.ledger.calls:
            self.ledger.becomes(sid, State.ENDED, ENDINGS[1])
        for _ in range(3):
            self.real_time_passes(seconds=1000)
            self.jobs.clear()
            self.sweep()
            while self.jobs:
                self.deliver(which=0, answer="number refused", times=1, again=False)
        self.all_is_well()
        assert {state for state in self.seen.values() if state not in OVER} == set()


async def _with_a_script(sessions: Sessions) -> None:
    async with sessions.begin() as session:
        await install_shipped_scripts(session, [Shipped("ava", "Hello.", "You are AVA.", "en", ("en",))])


@pytest.fixture
def machine(database_url: str) -> Iterator[type[Dialer]]:
    """The machine on one database and one event loop."""
    with asyncio.Runner() as runner:
        engine = make_engine(database_url)
        sessions = make_sessions(engine)
        runner.run(_with_a_script(sessions))
        yield type("Machine", (Dialer,), {"runner": runner, "sessions": sessions, "steps": 0})
        runner.run(engine.dispose())


async def test_a_call_that_was_meant_yesterday_and_is_placed_today_counts_from_today(sessions: Sessions) -> None:
    """Workers were away in between; else the day after the intent is over too soon, and somebody is rung thrice."""
    await _with_a_script(sessions)
    ledger, hours = Ledger(sessions), timedelta(hours=1)
    await enrol(sessions, await running_campaign(sessions, max_attempts=9), [phone_of(1)])
    (meant,) = await claim(sessions, ledger, TUESDAY_11)
    for at in (23 * hours, 24 * hours + MINUTE, 24 * hours + 31 * MINUTE):
        ledger.now = TUESDAY_11 + at
        for call_id in [meant] if at == 23 * hours else await claim(sessions, ledger, ledger.now):
            await place(sessions, call_id, ledger, ledger.now)
        for sid, (call_id, report) in zip(list(ledger.calls), list(ledger.news), strict=True):
            ended = replace(report, state=State.ENDED, ended=ENDINGS[0])
            ledger.calls[sid] = ended
            async with sessions.begin() as session:
                await record_status(session, call_id, ended, TUESDAY_11)
    assert ledger.wrongs == []
    assert len(ledger.rings) == 2


def play(machine: type[Dialer], runs: int, steps: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            deadline=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            phases=[phase for phase in Phase if phase is not Phase.explain],
        ),
    )


def test_whatever_happens_in_whatever_order_nobody_is_wronged_and_nobody_lost(machine: type[Dialer]) -> None:
    play(machine, *SHORT)


@pytest.mark.full
def test_a_hundred_thousand_steps_wrong_nobody(machine: type[Dialer]) -> None:
    play(machine, *LONG)
    print(f"{machine.steps} steps")
