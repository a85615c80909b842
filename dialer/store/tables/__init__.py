"""The rows (design.md §5). PostgreSQL holds the truth; every promise that can be a constraint is one.

Times are `timestamptz`. A closed set of words is `text` with a check, so that a migration can widen it.
"""

from dialer.store.tables.auth import ApiToken, IdempotencyKey, Invitation, SignIn
from dialer.store.tables.base import Base, Word, big_id, enum_check
from dialer.store.tables.calls import Call, WebhookEvent
from dialer.store.tables.campaigns import (
    CAMPAIGN_STATES,
    NOISE_REDUCTIONS,
    VAD_EAGERNESS,
    VAD_KINDS,
    VOICEMAIL_CHOICES,
    Campaign,
    Script,
)
from dialer.store.tables.compliance import Checkpoint, DoNotCall, Incident, KillSwitch, RateBucket, Registry
from dialer.store.tables.conversations import EnquiryValue, ToolUse, Turn
from dialer.store.tables.exports import (
    SHEETS,
    ExportSchedule,
    Feed,
    ImportChange,
    Job,
    WebhookDelivery,
    WebhookEndpoint,
)
from dialer.store.tables.leads import (
    CHOICES,
    IMPORT_STATES,
    LEAD_STATES,
    ROW_RESULTS,
    CampaignHours,
    Enrollment,
    HoursGroup,
    ImportRow,
    Lead,
    LeadImport,
)
from dialer.store.tables.meetings import (
    BOOKING_STATES,
    MAIL_STATES,
    MEETING_OUTCOMES,
    Booking,
    BookingEvent,
    BusyTime,
    Counselor,
    CounselorHours,
    OutboxMessage,
    TimeOff,
)
from dialer.store.tables.system import Account, AuditEntry, BridgeProcess, Price, SimulatedClock

__all__ = [
    "BOOKING_STATES",
    "CAMPAIGN_STATES",
    "CHOICES",
    "IMPORT_STATES",
    "LEAD_STATES",
    "MAIL_STATES",
    "MEETING_OUTCOMES",
    "NOISE_REDUCTIONS",
    "ROW_RESULTS",
    "SHEETS",
    "VAD_EAGERNESS",
    "VAD_KINDS",
    "VOICEMAIL_CHOICES",
    "Account",
    "ApiToken",
    "AuditEntry",
    "Base",
    "Booking",
    "BookingEvent",
    "BridgeProcess",
    "BusyTime",
    "Call",
    "Campaign",
    "CampaignHours",
    "Checkpoint",
    "Counselor",
    "CounselorHours",
    "DoNotCall",
    "EnquiryValue",
    "Enrollment",
    "ExportSchedule",
    "Feed",
    "HoursGroup",
    "IdempotencyKey",
    "ImportChange",
    "ImportRow",
    "Incident",
    "Invitation",
    "Job",
    "KillSwitch",
    "Lead",
    "LeadImport",
    "OutboxMessage",
    "Price",
    "RateBucket",
    "Registry",
    "Script",
    "SignIn",
    "SimulatedClock",
    "TimeOff",
    "ToolUse",
    "Turn",
    "WebhookDelivery",
    "WebhookEndpoint",
    "WebhookEvent",
    "Word",
    "big_id",
    "enum_check",
]
