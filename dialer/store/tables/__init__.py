"""The rows (design.md §5). PostgreSQL holds the truth; every promise that can be a constraint is one.

Times are `timestamptz`. A closed set of words is `text` with a check, so that a migration can widen it.
"""

from dialer.store.tables.auth import ApiToken, GivenAnswer, Invitation, SignIn
from dialer.store.tables.base import Base, Word, big_id, one_of
from dialer.store.tables.calls import Call, CallEvent
from dialer.store.tables.campaigns import (
    CAMPAIGN_STATES,
    MACHINE_CHOICES,
    NOISE_REDUCTIONS,
    VAD_EAGERNESS,
    VAD_KINDS,
    Campaign,
    Script,
)
from dialer.store.tables.compliance import Checkpoint, DoNotCall, Incident, KillSwitch, Pace, Registry
from dialer.store.tables.conversations import EnquiryValue, ToolUse, Turn
from dialer.store.tables.exports import SHEETS, ExportSchedule, Feed, Hook, HookDelivery, ImportChange, Job
from dialer.store.tables.leads import (
    CHOICES,
    FATES,
    IMPORT_STATES,
    LEAD_STATES,
    CampaignHours,
    CampaignLead,
    HoursGroup,
    ImportRow,
    Lead,
    LeadImport,
)
from dialer.store.tables.meetings import (
    BOOKING_STATES,
    MAIL_STATES,
    VERDICTS,
    Booking,
    BookingEvent,
    BusyTime,
    Counselor,
    CounselorHours,
    Mail,
    TimeOff,
)
from dialer.store.tables.system import Account, AuditEntry, BridgeProcess, LivedClock, Price

__all__ = [
    "BOOKING_STATES",
    "CAMPAIGN_STATES",
    "CHOICES",
    "FATES",
    "IMPORT_STATES",
    "LEAD_STATES",
    "MACHINE_CHOICES",
    "MAIL_STATES",
    "NOISE_REDUCTIONS",
    "SHEETS",
    "VAD_EAGERNESS",
    "VAD_KINDS",
    "VERDICTS",
    "Account",
    "ApiToken",
    "AuditEntry",
    "Base",
    "Booking",
    "BookingEvent",
    "BridgeProcess",
    "BusyTime",
    "Call",
    "CallEvent",
    "Campaign",
    "CampaignHours",
    "CampaignLead",
    "Checkpoint",
    "Counselor",
    "CounselorHours",
    "DoNotCall",
    "EnquiryValue",
    "ExportSchedule",
    "Feed",
    "GivenAnswer",
    "Hook",
    "HookDelivery",
    "HoursGroup",
    "ImportChange",
    "ImportRow",
    "Incident",
    "Invitation",
    "Job",
    "KillSwitch",
    "Lead",
    "LeadImport",
    "LivedClock",
    "Mail",
    "Pace",
    "Price",
    "Registry",
    "Script",
    "SignIn",
    "TimeOff",
    "ToolUse",
    "Turn",
    "Word",
    "big_id",
    "one_of",
]
