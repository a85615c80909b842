"""Tasks that read an uploaded list. They run in a child process, because a list may be large or hostile."""

from typing import Any

from dialer.isolated.runner import TaskError
from dialer.isolated.tasks import DoNotCallImportRequest, ImportRequest, PreviewRequest
from dialer.services.do_not_call.import_numbers import import_numbers
from dialer.services.leads.import_file import NoCampaignError, import_file
from dialer.services.leads.import_list import ImportOptions
from dialer.services.leads.map_columns import NoPhoneError, guess_mapping, known_columns
from dialer.services.leads.preview import preview
from dialer.services.leads.read_file import Format, UnreadableListError, read_list
from dialer.settings import Settings
from dialer.store.leads import do_not_call
from dialer.store.leads.do_not_call import ListOptions
from dialer.store.system import database_clock
from dialer.wiring.stores import open_store


async def preview_list(settings: Settings, request: PreviewRequest) -> dict[str, Any]:
    """Return the first rows of a list as they would be read; see services/leads/preview.py for the shape."""
    try:
        reading = read_list(request.file, Format.parse(**request.format))
        async with open_store(settings, pool_size=1) as store, store.sessions() as session:
            known = await known_columns(session, reading)
            today = await database_clock.today(session)
        return preview(reading, guess_mapping(reading, known, {}, request.country), request.country, today)
    except UnreadableListError as error:
        raise TaskError(str(error)) from error


async def import_list(settings: Settings, request: ImportRequest) -> dict[str, Any]:
    """Import a list and return its counts: all of them after a dry run, else those that the API promises."""
    try:
        async with open_store(settings, pool_size=2) as store:
            done = await import_file(
                store.sessions,
                request.actor.actor(),
                request.file,
                request.campaign,
                data_dir=settings.dialer_data_dir,
                options=ImportOptions(dry=request.dry, duplicates=request.duplicates),
            )
    except NoPhoneError as error:
        raise TaskError(no_phone_message(error)) from error
    except (UnreadableListError, NoCampaignError) as error:
        raise TaskError(str(error)) from error
    return done.in_full() if request.dry else done.as_dict()


def no_phone_message(error: NoPhoneError) -> str:
    """Say that no column holds phone numbers, and which columns the list has."""
    return f"no column looks like a phone number (found: {', '.join(error.header)}); name it with --map phone=COLUMN"


async def import_do_not_call(settings: Settings, request: DoNotCallImportRequest) -> dict[str, int]:
    """Add a file's numbers to the account's do-not-call list; return `{added, numbers, unreadable}`."""
    listing = ListOptions(
        do_not_call.ACCOUNT, request.source or request.file.name, "imported list", request.actor.email
    )
    try:
        async with open_store(settings, pool_size=1) as store, store.sessions.begin() as session:
            reading = read_list(request.file)
            done = await import_numbers(session, request.actor.actor(), reading, "IN", listing, store.clock.now())
    except UnreadableListError as error:
        raise TaskError(str(error)) from error
    return {"added": done.added, "numbers": done.numbers, "unreadable": done.unreadable}
