"""Emails handed to the post: found in the rows, retried from SQL, and said where they cannot be delivered.

An email is claimed and committed before it is sent. A worker that dies between the two sends it again, under the same
Message-ID and with the same UID and SEQUENCE: calendars take it over once.
"""

from datetime import datetime, timedelta
from email.message import EmailMessage

from dialer.domain.access.webhook_url import wait_after
from dialer.net.mailer import Mailer
from dialer.services.meetings.emails import NO_ADDRESS, MailSettings, Skip, write_email
from dialer.services.meetings.sms import Sms, SmsResult, SmsSender, write_sms
from dialer.store.calls import incidents
from dialer.store.meetings import bookings, outbox
from dialer.store.sessions import Sessions
from dialer.store.tables import OutboxMessage

MAX_BATCH = 20
RETRY_DELAYS = timedelta(minutes=2)
NO_EMAIL = Skip(NO_ADDRESS)


async def send_emails(
    sessions: Sessions, post: Mailer, house: MailSettings, now: datetime, texts: SmsSender | None = None
) -> int:
    """Find the reminders that are due at simulated `now`, and send what is to be sent; how many emails were taken.

    Where there are `texts`, a student without an email address is sent one instead.
    """
    async with sessions.begin() as session:
        await outbox.find_reminders(session, now)
    async with sessions.begin() as session:
        due = await outbox.claim(session, MAX_BATCH, RETRY_DELAYS)
    return sum([await _send(sessions, post, house, mail, now, texts) for mail in due])


async def _send(
    sessions: Sessions, post: Mailer, house: MailSettings, mail: OutboxMessage, now: datetime, texts: SmsSender | None
) -> bool:
    async with sessions.begin() as session:
        letter: tuple[EmailMessage, str] | Sms | Skip = await write_email(session, mail, house, now)
        if letter == NO_EMAIL and texts is not None and mail.recipient == "student":
            letter = await write_sms(session, mail, house, texts, now)
        if isinstance(letter, Skip):
            await outbox.skipped(session, mail.id, letter.says)
            return False
    answer: SmsResult
    if isinstance(letter, Sms):
        assert texts is not None
        to, answer = letter.to, await texts.send(letter.to, letter.words)
    else:
        message, to = letter
        answer = await post.send(message)
    async with sessions.begin() as session:
        if answer.ok:
            await outbox.sent(session, mail.id, to, answer.says)
            await bookings.record_event(
                session, mail.booking_id, "post", f"{mail.kind.replace('_', ' ')} sent", now, to=mail.recipient
            )
            return True
        wait = None if answer.permanent else wait_after(mail.tries + 1)
        await outbox.failed(session, mail.id, to, answer.says, wait)
        if wait is None:
            what = {"to": mail.recipient, "says": answer.says[:200]}
            await bookings.record_event(
                session, mail.booking_id, "post", f"{mail.kind.replace('_', ' ')} not delivered", now, **what
            )
            says = f"a letter about a meeting could not be delivered to the {mail.recipient}: {answer.says[:200]}"
            await incidents.record(session, "mail", str(mail.id), says)
    return False
