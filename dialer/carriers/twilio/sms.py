"""Short texts through Twilio's Messages resource, by its own SDK: SMS, or WhatsApp where both numbers are so addressed.

An answer that did not come is not asked for again: a confirmation too few is better than the same one twice.
"""

from dataclasses import dataclass, field
from typing import Literal

from twilio.rest import Client

from dialer.carriers.twilio.client import REFUSALS, UNREADABLE, DeadlineClient, NotSentError, ThrottledError

Channel = Literal["sms", "whatsapp"]
MAX_CHARS = 1600
"""Twilio takes no longer body."""


@dataclass(frozen=True, slots=True)
class SmsResult:
    """Whether it was taken; where not, whether it is worth another try."""

    ok: bool
    says: str
    permanent: bool = False


@dataclass(slots=True)
class TwilioSms:
    """Texts from one number of an account."""

    account_sid: str
    auth_token: str = field(repr=False)
    from_number: str
    api_url: str
    channel: Channel
    on_loopback: bool
    _http: DeadlineClient = field(default_factory=DeadlineClient, init=False)
    _client: Client = field(init=False)

    def __post_init__(self) -> None:
        """Make the SDK's client, with deadlines of ours."""
        self._client = Client(self.account_sid, self.auth_token, http_client=self._http)
        self._client.api.base_url = self.api_url.rstrip("/")

    async def send(self, to: str, words: str) -> SmsResult:
        """Send words to an E.164 number."""
        prefix = "whatsapp:" if self.channel == "whatsapp" else ""
        try:
            made = await self._client.messages.create_async(
                to=f"{prefix}{to}", from_=f"{prefix}{self.from_number}", body=words[:MAX_CHARS]
            )
        except (ThrottledError, NotSentError) as error:
            return SmsResult(False, str(error)[:200])
        except REFUSALS as error:
            return SmsResult(False, str(error).splitlines()[0][:200], permanent=True)
        except UNREADABLE as error:
            says = f"no readable answer from Twilio ({type(error).__name__}); it may have been sent"
            return SmsResult(False, says, permanent=True)
        return SmsResult(True, f"{self.channel} {made.sid}")

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()
