"""The tasks that run in a limited child process, and what each takes. Importing this module loads no heavy library."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from pydantic import BaseModel

from dialer.ava.trial.models import TrialRequest
from dialer.domain.access.roles import Role, Scope
from dialer.domain.leads.import_result import Choice
from dialer.isolated.limits import Limits
from dialer.services.actor import Actor

Request = TypeVar("Request", bound=BaseModel)

READER_LIMITS = Limits(memory_mb=1_024, cpu_s=300)
"""For a process that reads an uploaded file: a million rows take a quarter of each."""
LLM_LIMITS = Limits(memory_mb=3_072, cpu_s=120)
"""For a process that loads a text model's client library."""

CALENDAR_LIMITS = Limits(memory_mb=512, cpu_s=10)
"""For a process that reads a counselor's calendar: one of 4 MB takes most of it."""


class ActorModel(BaseModel):
    """The account on whose behalf a child works."""

    account_id: int
    email: str
    role: Role
    counselor_id: int | None
    scopes: frozenset[Scope]

    @classmethod
    def of(cls, actor: Actor) -> "ActorModel":
        """Describe an actor for the child; the session's key hash stays behind."""
        return cls(
            account_id=actor.account_id,
            email=actor.email,
            role=actor.role,
            counselor_id=actor.counselor_id,
            scopes=actor.scopes,
        )

    def actor(self) -> Actor:
        """Return the actor that was described."""
        return Actor(self.account_id, self.email, self.role, self.counselor_id, self.scopes)


class PreviewRequest(BaseModel):
    """The first rows of a list, with its columns guessed."""

    file: Path
    country: str
    format: dict[str, str] = {}
    """How the user says that the file is written: the arguments of services/leads/read_file.Format.parse."""


class ImportRequest(BaseModel):
    """Import a list, or with `dry` only say what would become of each row."""

    actor: ActorModel
    file: Path
    campaign: str
    dry: bool
    duplicates: Choice


class DoNotCallImportRequest(BaseModel):
    """Add every number of a file to the do-not-call list."""

    actor: ActorModel
    file: Path
    source: str


class TrialTurnRequest(BaseModel):
    """One turn of a script tried in text."""

    script: str
    turn: TrialRequest


class BusyTimesRequest(BaseModel):
    """The busy times in a calendar between two moments."""

    content: str
    """The iCalendar file."""
    zone: str
    """The time zone of times that name none."""
    since: datetime
    until: datetime


class NoRequest(BaseModel):
    """For a task that takes nothing."""


@dataclass(frozen=True, slots=True)
class Task(Generic[Request]):
    """A function that runs in a child: `async def function(settings, request) -> JSON-compatible value`."""

    function: str
    """`module:name`; the module is loaded in the child alone."""
    request: type[Request]
    limits: Limits
    timeout_s: float
    max_concurrent: int
    """Children of this task that one process has at a time."""
    busy: str
    """The error shown when there are that many."""


PREVIEW_LIST = Task(
    "dialer.isolated.lists:preview_list",
    PreviewRequest,
    READER_LIMITS,
    timeout_s=120,
    max_concurrent=2,
    busy="Other lists are being read right now. Try again in a moment.",
)
IMPORT_LIST = Task(
    "dialer.isolated.lists:import_list",
    ImportRequest,
    READER_LIMITS,
    timeout_s=600,
    max_concurrent=2,
    busy="Other lists are being imported right now. Try again in a moment.",
)
IMPORT_DO_NOT_CALL = Task(
    "dialer.isolated.lists:import_do_not_call",
    DoNotCallImportRequest,
    READER_LIMITS,
    timeout_s=600,
    max_concurrent=2,
    busy="Other lists are being imported right now. Try again in a moment.",
)
TRIAL_TURN = Task(
    "dialer.isolated.trial_turn:take_trial_turn",
    TrialTurnRequest,
    LLM_LIMITS,
    timeout_s=120,
    max_concurrent=4,
    busy="4 script tests are running right now. Try again in a moment.",
)
RUN_CHECKS = Task(
    "dialer.doctor.checks:run_checks_as_json",
    NoRequest,
    LLM_LIMITS,
    timeout_s=60,
    max_concurrent=1,
    busy="The checks are running right now. Try again in a moment.",
)
READ_BUSY_TIMES = Task(
    "dialer.isolated.calendars:read_busy_times",
    BusyTimesRequest,
    CALENDAR_LIMITS,
    timeout_s=30,
    max_concurrent=2,
    busy="Other calendars are being read right now. Try again in a moment.",
)
TASKS: dict[str, Task[Any]] = {
    task.function: task
    for task in (PREVIEW_LIST, IMPORT_LIST, IMPORT_DO_NOT_CALL, TRIAL_TURN, RUN_CHECKS, READ_BUSY_TIMES)
}
