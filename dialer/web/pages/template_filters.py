"""Template filters and globals: times with their time zone, numbers, labels of stored codes, the menu."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from litestar.plugins.jinja import JinjaTemplateEngine

from dialer.domain.access.roles import ADMINS, EVERYBODY, READERS, Role, Roles
from dialer.domain.calling.cost import WORKSPACE_CURRENCY
from dialer.services.actions import LABELS as ACTION_LABELS
from dialer.services.actor import Actor

COUNTRIES: Mapping[str, str] = {
    "IN": "India",
    "US": "United States",
    "GB": "United Kingdom",
    "CA": "Canada",
    "AU": "Australia",
    "AE": "United Arab Emirates",
    "NP": "Nepal",
    "BD": "Bangladesh",
    "LK": "Sri Lanka",
}
"""The countries that a campaign's numbers can be from by default, by their ISO 3166 codes."""
Link = tuple[str, str]
MENU: Sequence[tuple[str, Sequence[tuple[str, str, Roles]]]] = (
    ("Operate", (("Home", "/", READERS), ("Live", "/live", READERS), ("Campaigns", "/campaigns", READERS),
              ("Leads", "/leads", READERS), ("Calls", "/calls", READERS))),
    ("Meetings", (("Week", "/bookings", EVERYBODY), ("Bookings", "/bookings/all", EVERYBODY), ("Counselors", "/counselors", READERS),
                  ("My hours", "/counselors/mine", frozenset({Role.COUNSELOR})))),
    ("Library", (("Scripts", "/scripts", READERS), ("Do not call", "/do-not-call", READERS),
              ("Reports", "/reports", READERS), ("Settings", "/settings", READERS))),
    ("Admin", (("Accounts", "/settings/accounts", ADMINS), ("Audit log", "/settings/audit", ADMINS | {Role.AUDITOR}))),
)  # fmt: skip


LABELS: Mapping[str, str] = {
    # Leads and calls
    "ready": "Ready",
    "waiting": "Waiting to retry",
    "calling": "On a call",
    "done": "Done",
    "intent": "Queued",
    "placing": "Dialing",
    "placed": "Dialing",
    "talking": "In progress",
    "not_placed": "Not placed",
    "call_later": "Call back later",
    "do_not_call": "Do not call",
    "no_answer": "No answer",
    "no-answer": "No answer",
    "busy": "Line busy",
    "dropped": "Call dropped",
    "canceled": "Cancelled",
    "completed": "Completed",
    "invalid_number": "Invalid number",
    # Who answered
    "human": "A person",
    "machine_start": "Voicemail detected",
    "machine_end_beep": "Voicemail detected (after the beep)",
    "machine_end_silence": "Voicemail detected (after the greeting)",
    "machine_end_other": "Voicemail detected",
    "machine": "Voicemail detected",
    "fax": "Fax machine detected",
    # Meetings
    "held": "On hold",
    "awaiting new time": "Awaiting new time",
    "showed": "Attended",
    "no_show": "No-show",
    "wrong_fit": "Attended, not a fit",
    "wrong_information": "Attended, details were wrong",
    # Imports
    "imported": "Imported",
    "duplicate_in_file": "Duplicate in this file",
    "already_here": "Already in this campaign",
    "rejected": "To fix",
    "not_called": "Not called",
    "zone": "Time zone",
    "consent_source": "Consent source",
    "consent_date": "Consent date",
    "fill": "Fill in blank fields",
    # Rules of the calling gate
    "halt": "Kill switch",
    "registry": "Public do-not-call registry",
    "destination": "Supported country",
    "live": "Other calls to this lead",
    "attempts": "Attempts",
    "wait": "Time of the next attempt",
    "cool_down": "Pause between calls",
    "daily_cap": "Calls per day",
    "law_cap": "Legal call limit",
    "window": "Calling hours",
    "closing": "End of calling hours",
    "concurrency": "Calls at once",
    "bridge": "Call capacity",
    "pace": "Call rate",
    "spend": "Spend cap",
    # Fields of forms
    "present": "Current password",
    "again": "Confirm password",
    "slot_minutes": "Meeting length",
    "notice_minutes": "Minimum notice",
    "buffer_before_minutes": "Buffer before meetings",
    "buffer_after_minutes": "Buffer after meetings",
    "max_per_day": "Max meetings per day",
    "takes_transfers": "Transfers",
    "calendar_url": "Calendar",
    "first": "Start date",
    "last": "End date",
    # Settings of a campaign and a script
    "window_opens": "Call from",
    "window_closes": "Call until",
    "window_days": "Days",
    "calls_per_day": "Max calls per lead per day",
    "max_attempts": "Max attempts per lead",
    "machine_message": "Voicemail message",
    "recording": "Record calls",
    "recording_days": "Keep recordings for (days)",
    "per_second": "Calls started per second",
    "script_id": "Script",
    "hang_up": "Hang up",
    "leave_message": "Leave a message",
    "off": "Off",
    "opening": "AVA's first words",
    "persona": "Instructions",
    "speaker": "Voice name",
    "business": "Business name",
    "vad_threshold": "Speech detection threshold",
    "vad_prefix_ms": "Audio before speech, ms",
    "vad_silence_ms": "Silence that ends a turn, ms",
    "vad_kind": "Turn detection",
    "vad_eagerness": "Turn detection eagerness",
    "second_voice": "Backup voice",
    "max_output_tokens": "Max tokens per response",
    "min_speech_ms": "Speech that interrupts AVA, ms",
    "protect_ms": "Opening that cannot be interrupted, ms",
    "silence_s": "Silence before AVA asks, seconds",
    "per_million": "USD per million",
    # Carriers, voices and what they are billed for
    "twilio": "Twilio",
    "exotel": "Exotel",
    "openai_realtime": "OpenAI Realtime",
    "gemini_live": "Gemini Live",
    "cascade_anthropic": "Pipeline with Anthropic",
    "cascade_gemini": "Pipeline with Gemini",
    "cascade_cohere": "Pipeline with Cohere",
    "cascade_huggingface": "Pipeline with Hugging Face",
    "cascade_openai": "Pipeline with OpenAI",
    "audio_in": "Audio input",
    "audio_cached": "Audio input, cached",
    "audio_out": "Audio output",
    "text_in": "Text input",
    "text_cached": "Text input, cached",
    "text_out": "Text output",
    "transcribed_ms": "Transcription, milliseconds",
    "transcribed_audio_in": "Transcription, audio input",
    "transcribed_text_in": "Transcription, text input",
    "transcribed_text_out": "Transcription, text output",
    # Tools of AVA
    "save_enquiry": "AVA saved the enquiry",
    "find_slots": "AVA looked for free times",
    "hold_slot": "AVA held a time",
    "book_slot": "AVA booked the meeting",
    "call_back": "AVA scheduled a call-back",
    "opt_out": "AVA added the number to do-not-call",
    "transfer": "AVA transferred the call",
    "end_call": "AVA ended the call",
    # Accounts and actions of the audit log
    "marketing": "Marketing",
    "operator": "Operator token",
    "a phone rung": "Single call placed",
    "address": "IP address",
    "export": "Exported",
    "recording.play": "Played a recording",
    "call.listen": "Listened to a live call",
    "call.view": "Opened a call",
    "lead.view": "Opened a lead",
    "account made": "Account created",
    "campaign made": "Campaign created",
    "campaign scrubbed": "Do-not-call lists checked",
    "days off taken back": "Days off removed",
    "feed made": "Feed created",
    "hook added": "Webhook added",
    "hook removed": "Webhook removed",
    "import taken back": "Import undone",
    "kill switch released": "Kill switch turned off",
    "kill switch thrown": "Kill switch turned on",
    "locked out": "Account locked",
    "number taken off": "Number removed from do-not-call",
    "numbers listed": "Numbers added to do-not-call",
    "password chosen": "Password changed",
    "rehearsal asked for": "Rehearsal started",
    "script made": "Script created",
    "script version made": "Script version saved",
    "second factor off": "Two-factor authentication turned off",
    "second factor on": "Two-factor authentication turned on",
    "token made": "API token created",
    "token revoked": "API token revoked",
    "call hang up": "Call ended from the Live page",
    "call note": "Whispered to AVA",
    "call transfer": "Call transferred to a counselor",
    "booking showed": "Meeting attended",
    "booking no show": "Meeting missed by the student",
    "booking wrong fit": "Meeting attended, not a fit",
    "booking wrong information": "Meeting attended, details were wrong",
}
"""What stored codes read as on the pages; any other code reads as its words."""
SIP_LABELS: Mapping[int, str] = {
    403: "Blocked by the carrier",
    404: "Number not in service",
    408: "No answer",
    410: "Number not in service",
    480: "No answer",
    484: "Number not in service",
    486: "Line busy",
    487: "No answer",
    600: "Line busy",
    603: "Call declined",
    604: "Number not in service",
}
"""How a call that failed reads, by its SIP status (RFC 3261 §21)."""


def add_page_words(engine: JinjaTemplateEngine, zone: str) -> None:
    """Register the filters and globals of the pages; `zone` (IANA) is the default time zone."""

    def clock(at: datetime, there: str | None = None) -> str:
        return f"{at.astimezone(ZoneInfo(there or zone)):%a %d %b %Y, %H:%M}"

    engine.engine.globals |= {"clock": clock, "house_zone": lambda: zone, "menu": menu, "percent": percent}
    engine.engine.globals["countries"] = COUNTRIES
    engine.engine.globals["at_clock"] = at_clock
    engine.engine.globals["moment"] = datetime.fromisoformat
    engine.engine.globals["labels"] = LABELS
    engine.engine.filters |= {
        "number": number,
        "money": money,
        "usd": usd,
        "span": span,
        "words": words,
        "sentence": sentence,
        "tojson_plain": as_json,
    }
    engine.engine.filters["many"] = many
    engine.engine.tests["in_our_words"] = in_our_words


def at_clock(at: datetime, there: str) -> str:
    """Weekday and time in a time zone (IANA)."""
    return f"{at.astimezone(ZoneInfo(there)):%a %H:%M}"


def menu(caller: Actor | None) -> list[tuple[str, list[Link]]]:
    """The pages that a caller can open, in groups."""
    if caller is None:
        return []
    groups = [(title, [(name, path) for name, path, roles in links if caller.role in roles]) for title, links in MENU]
    return [(title, links) for title, links in groups if links]


def number(value: float | None) -> str:
    """1234567 as 1,234,567."""
    return "–" if value is None else f"{value:,}"


def many(count: int, noun: str, plural: str = "") -> str:
    """1 as "1 lead", 1200 as "1,200 leads"; `plural` for nouns that do not take an s."""
    return f"{number(count)} {noun if count == 1 else plural or noun + 's'}"


def money(value: Decimal | float | None, places: int = 2) -> str:
    """12.5 as 12.50; an unknown amount as a dash."""
    return "–" if value is None else f"{value:,.{places}f}"


def usd(value: Decimal | float | None, places: int = 2) -> str:
    """12.5 as "12.50 USD", the currency of the workspace; an unknown amount as a dash."""
    return "–" if value is None else f"{money(value, places)} {WORKSPACE_CURRENCY}"


def percent(part: float, whole: float) -> str:
    """A share in whole percent; a dash if the whole is zero."""
    return f"{part / whole:.0%}" if whole else "–"


def span(seconds: float | timedelta | None) -> str:
    """Seconds as m:ss, from an hour on as h:mm:ss."""
    if seconds is None:
        return "–"
    whole = int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def words(name: str | None) -> str:
    """The label of a stored code: `no_answer` as "No answer", `SIP 486` as "Line busy". Free text stays as it is."""
    if not name:
        return "–"
    if (label := LABELS.get(name) or ACTION_LABELS.get(name)) is not None:
        return label
    if (sip := _SIP.fullmatch(name)) is not None:
        return SIP_LABELS.get(
            int(sip[1]), f"Carrier error (SIP {sip[1]})" if sip[1][0] == "5" else f"Call failed ({name})"
        )
    if (detected := _VOICEMAIL.fullmatch(name)) is not None:
        return f"{LABELS.get(detected['code'] or '', 'Voicemail detected')}{detected['heard'] or ''}"
    return name.replace("_", " ").capitalize() if _CODE.fullmatch(name) else name


_CODE = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_SIP = re.compile(r"SIP (\d{3})")
_VOICEMAIL = re.compile(
    r"(?:a machine answered|[Vv]oicemail detected)(?: \((?P<code>\w+)\))?(?P<heard>: .*)?", re.DOTALL
)
_FIRST_WORD = re.compile(r"[a-z]+(?=[ ,:;]|$)")


def in_our_words(says: str) -> bool:
    """Whether a message begins with a word of ours, not with something that a user typed, as "photo.csv is empty"."""
    return _FIRST_WORD.match(says) is not None


def sentence(says: str) -> str:
    """A message with a capital first letter, unless it begins with something that a user typed."""
    return says[:1].upper() + says[1:] if in_our_words(says) else says


def as_json(value: object) -> str:
    """A value as people read JSON."""
    return json.dumps(value, ensure_ascii=False, indent=1)
