"""Every action that changes something: who may do it, how often, and what the audit log calls it.

A page, an API route and a command that offer the same action call the same service, which checks it with
`Actor.require` and records it with `services.audit.record`. The web's guard reads roles and rate from here too.
"""

from dataclasses import dataclass

from dialer.domain.access.rates import EXPORT, SINGLE_CALL, START, SUPPRESS, UPLOAD, Rate
from dialer.domain.access.roles import ADMINS, MEETING_MANAGERS, OPERATORS, Role, Roles


@dataclass(frozen=True, slots=True)
class Action:
    """One action."""

    name: str
    """In the audit log: `noun.verb`."""
    verb: str
    """Completes "You cannot …"."""
    label: str
    """What the audit page shows."""
    roles: Roles
    rate: Rate | None = None


CAMPAIGN_CREATE = Action("campaign.create", "create a campaign", "Created a campaign", OPERATORS)
CAMPAIGN_UPDATE = Action("campaign.update", "change a campaign", "Changed a campaign", OPERATORS)
CAMPAIGN_START = Action("campaign.start", "start a campaign", "Started a campaign", OPERATORS, START)
CAMPAIGN_PAUSE = Action("campaign.pause", "pause a campaign", "Paused a campaign", OPERATORS)
CAMPAIGN_STOP = Action("campaign.stop", "stop a campaign", "Stopped a campaign", OPERATORS)
CAMPAIGN_REHEARSE = Action("campaign.rehearse", "rehearse a campaign", "Rehearsed a campaign", OPERATORS, START)

CALL_START = Action("call.start", "place a call", "Placed a call", OPERATORS, SINGLE_CALL)
CALL_NOTE = Action("call.whisper", "whisper to AVA", "Whispered to AVA", OPERATORS)
CALL_HANG_UP = Action("call.hang_up", "end a call", "Ended a call", OPERATORS)
CALL_TRANSFER = Action("call.transfer", "transfer a call", "Transferred a call", OPERATORS)

LIST_IMPORT = Action("list.import", "import a list", "Imported a list", OPERATORS, UPLOAD)
LIST_CHOOSE = Action("list.choose", "choose how rows are imported", "Chose how rows are imported", OPERATORS)
LIST_COMMIT = Action("list.commit", "import a reviewed list", "Imported a reviewed list", OPERATORS)
LIST_UNDO = Action("list.undo", "undo an import", "Undid an import", OPERATORS)
LIST_DISCARD = Action("list.discard", "discard a list", "Discarded a list", OPERATORS)

DNC_ADD = Action(
    "dnc.add", "add a number to do-not-call", "Added to do-not-call", OPERATORS | {Role.COUNSELOR}, SUPPRESS
)
DNC_IMPORT = Action("dnc.import", "import a do-not-call list", "Imported a do-not-call list", OPERATORS, UPLOAD)
DNC_REMOVE = Action("dnc.remove", "remove a number from do-not-call", "Removed from do-not-call", ADMINS)
DNC_SCRUB = Action("dnc.scrub", "scrub a campaign", "Scrubbed a campaign against do-not-call", OPERATORS)

KILL_SWITCH_ON = Action("kill_switch.on", "stop calls", "Turned the kill switch on", OPERATORS)
KILL_SWITCH_OFF = Action("kill_switch.off", "release the kill switch", "Turned the kill switch off", ADMINS)

LIMITS_SET = Action("limits.set", "change the workspace limits", "Changed the workspace limits", ADMINS)

SCRIPT_ADD = Action("script.add", "add a script version", "Added a script version", OPERATORS)
PRICE_SET = Action("price.set", "set a price", "Set a price", ADMINS)
PRICE_REMOVE = Action("price.remove", "remove a price", "Removed a price", ADMINS)

COUNSELOR_ADD = Action("counselor.add", "add a counselor", "Added a counselor", OPERATORS)
COUNSELOR_UPDATE = Action("counselor.update", "change a counselor", "Changed a counselor", MEETING_MANAGERS)
COUNSELOR_DEACTIVATE = Action("counselor.deactivate", "deactivate a counselor", "Deactivated a counselor", OPERATORS)
COUNSELOR_ACTIVATE = Action("counselor.activate", "activate a counselor", "Activated a counselor", OPERATORS)
TIME_OFF_ADD = Action("time_off.add", "add time off", "Added time off", MEETING_MANAGERS)
TIME_OFF_REMOVE = Action("time_off.remove", "remove time off", "Removed time off", MEETING_MANAGERS)
CALENDAR_FEED = Action("calendar_feed.change", "change a calendar link", "Changed a calendar link", MEETING_MANAGERS)

BOOKING_MOVE = Action("booking.move", "move a meeting", "Moved a meeting", MEETING_MANAGERS)
BOOKING_CANCEL = Action("booking.cancel", "cancel a meeting", "Cancelled a meeting", MEETING_MANAGERS)
BOOKING_OUTCOME = Action(
    "booking.outcome", "record a meeting's outcome", "Recorded a meeting's outcome", MEETING_MANAGERS
)
BOOKING_REVOKE_LINKS = Action(
    "booking.revoke_links", "revoke a meeting's links", "Revoked a meeting's links", MEETING_MANAGERS
)

ACCOUNT_INVITE = Action("account.invite", "invite someone", "Invited someone", ADMINS)
ACCOUNT_UPDATE = Action("account.update", "change an account", "Changed an account", ADMINS)
ACCOUNT_SECOND_FACTOR = Action(
    "account.second_factor_off",
    "turn off somebody's two-factor authentication",
    "Turned off an account's two-factor authentication",
    ADMINS,
)
WEBHOOK_ADD = Action("webhook.add", "add a webhook", "Added a webhook", ADMINS)
WEBHOOK_REMOVE = Action("webhook.remove", "remove a webhook", "Removed a webhook", ADMINS)
FEED_ADD = Action("feed.add", "add a feed", "Added a feed", ADMINS)
FEED_REVOKE = Action("feed.revoke", "revoke a feed", "Revoked a feed", ADMINS)
SCHEDULE_ADD = Action("schedule.add", "schedule an export", "Scheduled an export", ADMINS)
SCHEDULE_REMOVE = Action("schedule.remove", "remove a scheduled export", "Removed a scheduled export", ADMINS)
EXPORT_START = Action("export.start", "export results", "Exported results", OPERATORS, EXPORT)
JOB_CANCEL = Action("job.cancel", "cancel a job", "Cancelled a job", OPERATORS)

ACTIONS: dict[str, Action] = {each.name: each for each in list(globals().values()) if isinstance(each, Action)}
FEED_READ = "feed.read"
"""In the audit log only: a program read a feed from an address for the first time."""
LABELS: dict[str, str] = {name: action.label for name, action in ACTIONS.items()} | {
    FEED_READ: "Read a feed from a new address"
}
