"""A script tried in text: what is asked of one turn, and what is told of it. Between turns the caller keeps the talk.

What comes back from a caller is nobody's word: it is bounded and read by these models, and nothing of it is believed.
"""

from datetime import datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

MAX_TURNS = 30
"""Turns of the student's in one trial."""
MAX_ENTRIES_PER_TRIAL = 100_000
"""Bytes of JSON that a talk so far may have."""
MAX_WORDS_CHARS = 1_000
"""Letters that the student may say at once."""
MAX_ENTRIES = 8 * MAX_TURNS
EARLIEST, LATEST = 2000, 2200
ENDED = "the trial has ended; begin again"
TOO_LONG = "the talk is too long to go on; begin again"


class Bounded(BaseModel):
    """Refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class UsedTool(Bounded):
    """A tool that AVA called, and what it answered, both as JSON."""

    name: Annotated[str, Field(max_length=100)]
    arguments: Annotated[str, Field(max_length=20_000)]
    result: Annotated[str, Field(max_length=20_000)]


class TrialTurn(Bounded):
    """What one of the two said; AVA also with the tools that she called at its end, and the tokens that it took."""

    who: Literal["student", "ava"]
    words: Annotated[str, Field(max_length=20_000)] = ""
    calls: Annotated[list[UsedTool], Field(max_length=20)] = []
    tokens_in: Annotated[int, Field(ge=0, lt=2**31)] = 0
    tokens_out: Annotated[int, Field(ge=0, lt=2**31)] = 0


def _sane(at: datetime) -> datetime:
    if not EARLIEST <= at.year < LATEST:
        raise ValueError(f"is between the years {EARLIEST} and {LATEST}")
    return at


Moment = Annotated[AwareDatetime, AfterValidator(_sane)]


class OfferedSlot(Bounded):
    """A time that was offered under a token."""

    counselor_id: Annotated[int, Field(ge=1, lt=2**31 - 1)]
    starts: Moment
    ends: Moment
    why: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _in_order(self) -> "OfferedSlot":
        if not timedelta() < self.ends - self.starts <= timedelta(days=1):
            raise ValueError("a time ends after it starts, within a day")
        return self


class Trial(Bounded):
    """A trial so far, as it was told last; empty before the first turn."""

    talk: Annotated[list[TrialTurn], Field(max_length=MAX_ENTRIES)] = []
    offered: Annotated[
        dict[Annotated[str, StringConstraints(pattern="^[0-9a-f]{8}$")], OfferedSlot], Field(max_length=500)
    ] = {}

    @model_validator(mode="after")
    def _short(self) -> "Trial":
        kept = self.model_dump_json(include={"talk", "offered"})
        if len(kept.encode()) > MAX_ENTRIES_PER_TRIAL or self.turns > MAX_TURNS:
            raise ValueError(f"{TOO_LONG}: it has at most {MAX_TURNS} turns and {MAX_ENTRIES_PER_TRIAL // 1000} kB")
        return self

    @property
    def turns(self) -> int:
        """How often the student spoke."""
        return sum(each.who == "student" for each in self.talk)


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("is an IANA one, such as Asia/Kolkata")
    return name


Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f]*$")]


class TrialRequest(Trial):
    """One turn of a trial. `words` are the student's; none where AVA is to open. What is not given is the script's."""

    words: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_WORDS_CHARS)] = Field(
        "", description="what the student says; leave it out in the first turn, in which AVA opens"
    )
    version: Annotated[int, Field(ge=1, lt=2**31)] | None = Field(None, description="of the script; the newest")
    opening: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000)] | None = Field(
        None, description="in place of the version's own"
    )
    persona: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=50_000)] | None = Field(
        None, description="in place of the version's own"
    )
    voice: Line | None = Field(None, description="in place of the version's own")
    language: Annotated[str, Field(pattern="^[a-z]{2}$")] | None = Field(None, description="in place of the version's")
    campaign: Annotated[str, Field(min_length=1, max_length=200)] | None = Field(
        None, description="try with a lead of this campaign, which speaks by this script"
    )
    lead: Annotated[int, Field(ge=1, lt=2**63)] | None = Field(
        None, description="the lead's id; the campaign's first one where it is left out"
    )
    student: Line = Field("", description="an invented student's name, where no campaign is named")
    zone: Annotated[str, AfterValidator(_zone)] = Field("Asia/Kolkata", description="an invented student's time zone")

    @model_validator(mode="after")
    def _in_turn(self) -> "TrialRequest":
        if self.talk and not self.words:
            raise ValueError("say something: AVA has opened already")
        if self.words and not self.talk:
            raise ValueError("AVA opens: leave the words out in the first turn")
        if self.lead is not None and self.campaign is None:
            raise ValueError("name the campaign that the lead is in")
        if self.turns >= MAX_TURNS:
            raise ValueError(f"a trial has at most {MAX_TURNS} turns; begin again")
        return self


class TrialMeeting(Bounded):
    """A meeting that would have been held or booked."""

    state: str
    counselor: str
    starts: datetime
    letters: int
    """How many would have been written about it."""


class TrialResults(Bounded):
    """What a call would have left behind by now; a trial leaves nothing."""

    saved: dict[str, str] = {}
    email: str | None = None
    meeting: TrialMeeting | None = None
    call_back: datetime | None = None
    outcome: str | None = None
    reason: str | None = None
    do_not_call: bool = False

    def lines(self, zone: str) -> list[tuple[str, str]]:
        """The same as people read it, what and its value; times in the student's `zone` (IANA)."""

        def clock(at: datetime) -> str:
            return f"{at.astimezone(ZoneInfo(zone)):%a %d %b %Y, %H:%M} {zone}"

        lines = [(field.replace("_", " "), value) for field, value in self.saved.items()]
        if self.email:
            lines.append(("e-mail", self.email))
        if self.meeting is not None:
            letters = f"; letters: {self.meeting.letters}" if self.meeting.letters else ""
            lines.append(
                (
                    f"meeting {self.meeting.state}",
                    f"{clock(self.meeting.starts)}, with {self.meeting.counselor}{letters}",
                )
            )
        if self.call_back is not None:
            lines.append(("call back", clock(self.call_back)))
        if self.outcome:
            lines.append(("outcome", self.outcome.replace("_", " ")))
        if self.reason:
            lines.append(("why", self.reason))
        if self.do_not_call:
            lines.append(("do not call", "the number would be listed, and rung by no campaign"))
        return lines


class TrialReply(Bounded):
    """What a turn came to. `talk` and `offered` are to be given back with the next one."""

    talk: list[TrialTurn]
    offered: dict[str, OfferedSlot]
    said: list[TrialTurn]
    """The last of `talk`: what is new since the student's words."""
    student: str
    zone: str
    script: str
    version: int
    model: str
    disclosure: str
    """The locked first sentence, which every call begins with."""
    ended: bool
    """The call would be over: there is no next turn."""
    tokens_in: int
    """Of the whole trial, as are the tokens out."""
    tokens_out: int
    kept: TrialResults


def validation_message(error: ValidationError) -> str:
    """What is wrong with a turn that was asked for, in one line."""
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"][:4])[:100]
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said[:1].lower()}{said[1:]}" if where else said
