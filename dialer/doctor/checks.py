"""The checks of `dialer doctor`: what is configured, what responds, and what to do about the rest."""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import aiohttp
import aiosmtplib

from dialer.carriers.port import Carrier, CarrierError
from dialer.doctor.voices import examine
from dialer.domain.calling.cost import MONEY, WORKSPACE_CURRENCY
from dialer.domain.numbers.phone import BadPhone, parse_phone
from dialer.net.mailer import SmtpMailer, make_mailer
from dialer.settings import Settings, is_loopback
from dialer.store.calls import calls
from dialer.store.campaigns import prices
from dialer.store.sessions import server_version
from dialer.store.system import database_clock
from dialer.wiring.accounts import has_credentials
from dialer.wiring.carriers import make_carriers
from dialer.wiring.stores import make_redis, open_store
from dialer.wiring.voices import NAMES

TIMEOUT_S = 20.0
MAX_DRIFT_S = 2.0
MIN_FREE_BYTES = 1_000_000_000
RUPEES = "INR"
"""What Exotel bills in."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: it is right, it is missing (not needed to try things out), or it is wrong."""

    what: str
    state: str
    says: str


@dataclass(frozen=True, slots=True)
class Hints:
    """What to do about a carrier: where nothing is set, where its number is none, where it refuses."""

    what: str
    missing: str
    number: tuple[str, str, str]
    """The variable of its number, the country that it is read in, and how it is written."""
    refused: str


async def run_checks_as_json(settings: Settings, request: object = None) -> list[dict[str, str]]:
    """Run every check; the findings as `{what, state, says}`, for `--json` and for the settings page."""
    findings = await run_checks(settings)
    return [{"what": finding.what, "state": finding.state, "says": finding.says} for finding in findings]


async def run_checks(settings: Settings) -> list[Finding]:
    """Run every check at the same time; each takes at most TIMEOUT_S."""
    checks: list[tuple[str, Callable[[Settings], Awaitable[Finding]]]] = [
        ("database", _database),
        ("redis", _redis),
        ("data folder", _folder),
        ("public url", _public),
        ("media url", _media),
        ("twilio", _twilio),
        ("exotel", _exotel),
        ("exchange", _exchange),
        ("email", _email),
        *((name, _voice(name)) for name in NAMES),
    ]

    async def look(what: str, check: Callable[[Settings], Awaitable[Finding]]) -> Finding:
        began = time.monotonic()
        try:
            async with asyncio.timeout(TIMEOUT_S):
                found = await check(settings)
        except TimeoutError:
            found = Finding(what, "wrong", f"no answer within {TIMEOUT_S:.0f} s")
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part is what the doctor is to say
            found = Finding(what, "wrong", str(error).splitlines()[0] if str(error) else type(error).__name__)
        took = (time.monotonic() - began) * 1000
        timed = found.state == "ok" and what not in NAMES  # a voice tells its own times
        return Finding(what, found.state, f"{found.says} ({took:.0f} ms)" if timed else found.says)

    return await asyncio.gather(*(look(what, check) for what, check in checks))


async def _database(settings: Settings) -> Finding:
    async with open_store(settings, pool_size=1) as store, store.sessions() as session:
        version = await server_version(session)
        theirs = await database_clock.read(session)
    apart = abs(theirs.timestamp() - time.time())
    if apart > MAX_DRIFT_S:
        return Finding("database", "wrong", f"its clock and this machine's are {apart:.1f} s apart; synchronise them")
    return Finding("database", "ok", f"PostgreSQL {version}, schema up to date, clocks agree")


async def _email(settings: Settings) -> Finding:
    if settings.send_mail_url is None:
        says = "emails are only written to the data folder; to send them: DIALER_SEND_MAIL_URL=smtp://user:password@host:587"
        return Finding("email", "missing", says)
    post = make_mailer(settings.send_mail_url, settings.dialer_data_dir)
    assert isinstance(post, SmtpMailer)
    try:
        await post.check()
    except (aiosmtplib.SMTPException, OSError) as error:
        return Finding("email", "wrong", f"{post.host}:{post.port}: {error}; check DIALER_SEND_MAIL_URL")
    return Finding("email", "ok", f"{post.host}:{post.port} accepts us; sender {settings.dialer_mail_from}")


async def _redis(settings: Settings) -> Finding:
    redis = make_redis(settings)
    try:
        await redis.ping()
    finally:
        await redis.aclose()
    return Finding("redis", "ok", "answers")


async def _folder(settings: Settings) -> Finding:
    settings.dialer_data_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.dialer_data_dir).free
    state = "ok" if free > MIN_FREE_BYTES else "wrong"
    return Finding("data folder", state, f"{settings.dialer_data_dir.absolute()}, {free / 1e9:.0f} GB free")


async def _public(settings: Settings) -> Finding:
    return await _address("public url", "DIALER_PUBLIC_URL", settings.public_url, f"{settings.public_url}/health")


async def _media(settings: Settings) -> Finding:
    http = "http" + settings.media_url.removeprefix("ws")
    return await _address("media url", "DIALER_MEDIA_URL", settings.media_url, f"{http}/health")


async def _address(what: str, name: str, said: str, url: str) -> Finding:
    if is_loopback(said):
        return Finding(what, "missing", f"{said} is this machine only; real carriers need {name} to be public")
    async with aiohttp.ClientSession() as client, client.get(url) as answer:
        if answer.status == 200:
            return Finding(what, "ok", said)
        return Finding(what, "wrong", f"{said} answers {answer.status}; is `dialer up` running behind it?")


async def _twilio(settings: Settings) -> Finding:
    return await _carrier(
        make_carriers(settings).get("twilio"),
        Hints(
            "twilio",
            missing="set TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM_NUMBER",
            number=("TWILIO_FROM_NUMBER", "US", "+1…"),
            refused="check TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN",
        ),
    )


async def _exotel(settings: Settings) -> Finding:
    wanted = "EXOTEL_ACCOUNT_SID, EXOTEL_API_KEY, EXOTEL_API_TOKEN and EXOTEL_CALLER_ID"
    return await _carrier(
        make_carriers(settings).get("exotel"),
        Hints(
            "exotel",
            missing=f"set {wanted} to ring India from an Indian number",
            number=("EXOTEL_CALLER_ID", "IN", "080…"),
            refused="check EXOTEL_ACCOUNT_SID, EXOTEL_API_KEY, EXOTEL_API_TOKEN, and EXOTEL_API_URL for the account's region",
        ),
    )


async def _exchange(settings: Settings) -> Finding:
    """Whether what a carrier bills in another currency can be counted in ours."""
    async with open_store(settings, pool_size=1) as store, store.sessions() as session:
        waiting = {currency: first for currency, (_, first) in (await calls.billed_unpriced(session)).items()}
        expected = {RUPEES} if has_credentials(settings)["exotel"] else set()
        known = await prices.on(session, expected, store.clock.now().date())
    if missing := sorted({*waiting} | {each for each in expected if (each, MONEY) not in known}):
        says = "; ".join(
            f"dialer prices set {each} {MONEY} PRICE" + (f" --since {waiting[each]}" if each in waiting else "")
            for each in missing
        )
        return Finding(
            "exchange",
            "missing",
            f"costs billed in {', '.join(missing)} are unknown until you set what a million cost in USD: {says}",
        )
    return Finding("exchange", "ok", f"costs are counted in {WORKSPACE_CURRENCY}")


async def _carrier(carrier: Carrier | None, hints: Hints) -> Finding:
    if carrier is None:
        return Finding(hints.what, "missing", hints.missing)
    variable, country, shape = hints.number
    try:
        if isinstance(parse_phone(carrier.from_number, country), BadPhone):
            says = f"{variable} {carrier.from_number!r} is no phone number; write it as {shape}"
            return Finding(hints.what, "wrong", says)
        return Finding(hints.what, "ok", await carrier.check())
    except CarrierError as error:
        return Finding(hints.what, "wrong", f"{error}; {hints.refused}")
    finally:
        await carrier.close()


def _voice(name: str) -> Callable[[Settings], Awaitable[Finding]]:
    async def check(settings: Settings) -> Finding:
        state, says = await examine(settings, name)
        return Finding(name, state, says)

    return check
