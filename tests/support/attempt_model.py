"""A small model of how one attempt is placed, in which everything that may happen does (reliability.md R4).

Two deliveries of the job, workers that die or freeze between any two steps, a request that is on its way for a while,
six answers of the carrier, webhooks that are early, late, doubled or lost, a sweeper that is early, a look-up that
lags. The row moves only as `dialer.domain.calling.call.TRANSITIONS` allows, so the model stands or falls with that table.

Time is a number of three values: 0, a request may still be sent; 1, it is too late to send and the sweeper looks;
2, the horizon is past. A request that was sent has arrived or failed before 2: the carrier's client has a deadline of
seconds, the horizon is minutes.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum

from dialer.domain.calling.call import OVER, State, can_become

HORIZON = 2
MAX_REQUESTS = 2
"""A protocol that asks again does so once: that is enough to ring twice."""
NEWS = (State.PLACED, State.RINGING, State.TALKING, State.ENDED)


class Step(IntEnum):
    """Where a worker with a delivery of the job is."""

    TOLD = 0
    FOUND_IT = 1
    """Only in a wrong protocol: it saw an intent and will ask, whoever else saw it too."""
    TOOK_IT = 2
    SENT = 3
    HEARD_YES = 4
    HEARD_NO = 5
    HEARD_LATER = 6
    HEARD_NOTHING = 7
    GONE = 8
    """Done with the job, or dead."""


@dataclass(frozen=True, slots=True)
class Protocol:
    """Ours, or one that leaves a part of it out."""

    compare_and_set: bool = True
    asks_again: bool = False
    """Sends the request again when no answer came."""
    horizon: bool = True
    deadline: bool = True
    """Looks at the clock before it sends."""


OURS = Protocol()
CHECKS_THEN_ASKS = Protocol(compare_and_set=False)
ASKS_AGAIN = Protocol(asks_again=True)
NO_HORIZON = Protocol(horizon=False)
NO_DEADLINE = Protocol(deadline=False)


@dataclass(frozen=True, slots=True)
class World:
    """Everything there is: the row, two workers, the wire, the carrier, the webhooks on their way, the time."""

    row: State = State.INTENT
    bound: bool = False
    """The row holds the carrier's id."""
    given_up: bool = False
    """The row ended because the carrier knew no such call."""
    workers: tuple[Step, Step] = (Step.TOLD, Step.TOLD)
    flying: int = 0
    """Requests sent and not yet at the carrier."""
    accepted: int = 0
    phone: State | None = None
    """What the carrier does with the call it accepted."""
    shown: bool = False
    """The carrier's list shows it."""
    news: frozenset[State] = frozenset()
    age: int = 0

    def to(self, state: State, **changes: object) -> "World":
        """The row moved, if the table of transitions lets it; what else changes does so only together with it."""
        return replace(self, row=state, **changes) if can_become(self.row, state) else self  # type: ignore[arg-type]


def wrong(world: World) -> str | None:
    """What must never be."""
    if world.accepted > 1:
        return "rung twice"
    if world.given_up and (world.accepted or world.flying):
        return "given up and rung"
    return None


def nexts(world: World, protocol: Protocol) -> Iterator[World]:
    """Everything that may happen next."""
    for who in (0, 1):
        for after, step in _work(world, world.workers[who], protocol):
            workers = sorted((step, world.workers[1 - who]))
            yield replace(after, workers=(workers[0], workers[1]))
    yield from _carrier(world)
    yield from _webhooks(world)
    yield from _sweeper(world, protocol)
    if world.row is State.INTENT:
        yield world.to(State.CANCELLED)  # the campaign is stopped, the number is listed
    if world.age + 1 < HORIZON or (world.age + 1 == HORIZON and not world.flying):
        yield replace(world, age=world.age + 1)


def _work(world: World, step: Step, protocol: Protocol) -> Iterator[tuple[World, Step]]:
    if step is not Step.GONE:
        yield world, Step.GONE  # it dies; to be frozen is to do nothing while the time goes on
    taken = {"age": 0}
    match step:
        case Step.TOLD if world.row is not State.INTENT:
            yield world, Step.GONE
        case Step.TOLD if protocol.compare_and_set:
            took = world.to(State.PLACING, **taken)
            yield took, Step.TOOK_IT if took.row is State.PLACING else Step.GONE
            yield world.to(State.PLACING).to(State.CANCELLED), Step.GONE  # a rule refuses it in the same transaction
        case Step.TOLD:
            yield world, Step.FOUND_IT
        case Step.FOUND_IT:
            yield replace(world, row=State.PLACING, **taken), Step.TOOK_IT  # type: ignore[arg-type]
        case Step.TOOK_IT if protocol.deadline and world.age > 0:
            yield world if world.row is not State.PLACING else world.to(State.INTENT), Step.GONE
        case Step.TOOK_IT:
            yield replace(world, flying=world.flying + 1), Step.SENT
            yield world, Step.HEARD_LATER  # no connection: nothing was sent
        case Step.SENT if protocol.asks_again and world.flying + world.accepted < MAX_REQUESTS:
            yield replace(world, flying=world.flying + 1), Step.SENT
            yield world, Step.HEARD_NOTHING
        case Step.SENT:
            yield world, Step.HEARD_NOTHING  # no answer within its deadline
        case Step.HEARD_YES:
            yield replace(world, bound=True).to(State.PLACED), Step.GONE
        case Step.HEARD_NO:
            yield world.to(State.ENDED) if world.row is State.PLACING else world, Step.GONE
        case Step.HEARD_LATER:
            yield world.to(State.INTENT), Step.GONE
        case Step.HEARD_NOTHING:
            yield world.to(State.UNKNOWN), Step.GONE


def _carrier(world: World) -> Iterator[World]:
    """A request arrives: accepted, refused, put off or lost in a fault, and the answer comes or does not."""
    if world.flying:
        left = replace(world, flying=world.flying - 1)
        rings = replace(left, accepted=left.accepted + 1, phone=State.PLACED, news=left.news | {State.PLACED})
        listening = Step.SENT in world.workers
        yield rings  # the answer is lost
        yield left  # a fault before it was accepted, and no answer either
        if listening:
            yield _answered(rings, Step.HEARD_YES)
            yield _answered(rings, Step.HEARD_NOTHING)  # 5xx after it was accepted
            yield _answered(left, Step.HEARD_NOTHING)  # 5xx before
            yield _answered(left, Step.HEARD_NO)
            yield _answered(left, Step.HEARD_LATER)  # 429
    match world.phone:
        case State.PLACED | State.RINGING | State.TALKING as now:
            for later in NEWS[NEWS.index(now) + 1 :]:
                yield replace(world, phone=later, news=world.news | {later})
    if world.phone is not None and not world.shown:
        yield replace(world, shown=True)


def _answered(world: World, step: Step) -> World:
    others = list(world.workers)
    others[others.index(Step.SENT)] = step
    others.sort()
    return replace(world, workers=(others[0], others[1]))


def _webhooks(world: World) -> Iterator[World]:
    """Each may be told any number of times, in any order, or never."""
    for heard in world.news:
        yield replace(world, bound=True).to(heard)
        yield replace(world, news=world.news - {heard})


def _sweeper(world: World, protocol: Protocol) -> Iterator[World]:
    if world.row is State.INTENT and world.workers == (Step.GONE, Step.GONE):
        yield replace(world, workers=(Step.TOLD, Step.GONE))
    if world.row is State.PLACING:
        yield world.to(State.UNKNOWN)  # early: its worker may be about to answer
    if world.row is State.UNKNOWN:
        if world.phone is not None and (world.shown or world.age == HORIZON):
            yield replace(world, bound=True).to(world.phone)
        elif world.age == HORIZON or not protocol.horizon:
            yield world.to(State.ENDED, given_up=True)
    if world.bound and world.row not in OVER and world.phone is State.ENDED:
        yield world.to(State.ENDED)  # the carrier is asked about a call that it no longer speaks of


@dataclass(frozen=True, slots=True)
class Explored:
    """What came of trying everything: every world there can be, and the ways from one to the next."""

    ways: dict[World, frozenset[World]]

    @property
    def wrongs(self) -> set[str]:
        """What went wrong anywhere."""
        return {said for world in self.ways if (said := wrong(world))}

    @property
    def endings(self) -> list[World]:
        """The worlds in which nothing more happens."""
        return [world for world, after in self.ways.items() if not after - {world}]

    def lost(self) -> list[World]:
        """The worlds from which the attempt can never be over any more."""
        before: dict[World, list[World]] = {world: [] for world in self.ways}
        for world, after in self.ways.items():
            for each in after:
                before[each].append(world)
        saved = {world for world in self.ways if world.row in OVER}
        waiting = deque(saved)
        while waiting:
            for each in before[waiting.popleft()]:
                if each not in saved:
                    saved.add(each)
                    waiting.append(each)
        return [world for world in self.ways if world not in saved]


def explore(protocol: Protocol, *, first_wrong: bool = False) -> Explored:
    """Try everything, breadth first, until nothing new comes (or, if asked, something is wrong)."""
    ways: dict[World, frozenset[World]] = {}
    waiting = deque([World()])
    while waiting:
        world = waiting.popleft()
        if world in ways:
            continue
        ways[world] = frozenset(nexts(world, protocol)) if wrong(world) is None else frozenset()
        if first_wrong and wrong(world):
            break
        waiting.extend(ways[world])
    return Explored(ways)
