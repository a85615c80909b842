"""Creates the outgoing mail, SMS and signed links of the workspace from the settings."""

from urllib.parse import unquote, urlsplit

from dialer.carriers.twilio.sms import TwilioSms
from dialer.net.ics.invitation import Party
from dialer.net.mailer import Mailer, make_mailer
from dialer.services.meetings.signed_links import SignedLinks
from dialer.settings import Settings, WrongSettingError, is_loopback
from dialer.wiring.secret_key import secret_key

NAME = "One Window"


def make_links(settings: Settings) -> SignedLinks:
    """Create the signer of the links in emails."""
    return SignedLinks(settings.public_url, secret_key(settings))


def make_workspace_mailer(settings: Settings) -> Mailer:
    """Create the mailer: the configured mail server, or files in the data folder."""
    try:
        return make_mailer(settings.send_mail_url, settings.dialer_data_dir.absolute() / "mail")
    except ValueError as error:
        raise WrongSettingError(f"DIALER_SEND_MAIL_URL {error}") from error


def make_sms(settings: Settings) -> TwilioSms | None:
    """Create the SMS client for students without an email address; None if texts are off or Twilio is not configured."""
    number = settings.dialer_texts_from or settings.twilio_from_number
    if settings.dialer_texts == "off" or not (settings.twilio_account_sid and settings.twilio_auth_token and number):
        return None
    return TwilioSms(
        account_sid=settings.twilio_account_sid,
        auth_token=settings.twilio_auth_token.get_secret_value(),
        from_number=number,
        api_url=settings.twilio_api_url,
        channel=settings.dialer_texts,
        on_loopback=is_loopback(settings.twilio_api_url),
    )


def sender(settings: Settings) -> Party:
    """Return the sender of emails: DIALER_MAIL_FROM, else the mail server's user, else bookings@ the public host."""
    if settings.dialer_mail_from:
        return Party(NAME, settings.dialer_mail_from)
    user = unquote(urlsplit(settings.send_mail_url or "").username or "")
    if "@" in user:
        return Party(NAME, user)
    return Party(NAME, f"bookings@{urlsplit(settings.public_url).hostname or 'localhost'}")
