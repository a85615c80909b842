"""Reports: seven plots of the calls of a span of days, each with its table beside it and a download."""

import asyncio
import csv
import io
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import xlsxwriter
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Template

from dialer.domain.access.rates import EXPORT
from dialer.domain.access.roles import READERS
from dialer.domain.leads.spreadsheet_safety import escape_formula
from dialer.store.campaigns import campaign_queries
from dialer.store.system import reports
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.pages.downloads import KINDS
from dialer.web.pages.plots import Plot, plot_named, plots_of
from dialer.web.pages.urls import with_query
from dialer.web.render import render_page

MAX_DAYS = timedelta(days=366)
USUAL = timedelta(days=29)


@get("/reports", include_in_schema=False, opt=require(READERS))
async def page(
    app_state: InjectedState, campaign: FromQuery[str] = "", since: FromQuery[str] = "", until: FromQuery[str] = ""
) -> Template:
    """The page; days are those of the workspace's zone, both ends included."""
    first, last = _days(app_state, since, until)
    campaign_id = _campaign(campaign)
    async with app_state.sessions() as session:
        names = await campaign_queries.names(session)
    given = {"campaign": campaign, "since": first.isoformat(), "until": last.isoformat()}
    return render_page(
        "reports/page.html",
        "/reports",
        plots=await _plots(app_state, first, last, campaign_id),
        names=names,
        given=given,
        query=with_query("", given),
    )


@get("/reports/{name:str}", include_in_schema=False, opt=require(READERS, EXPORT))
async def table(
    name: FromPath[str],
    app_state: InjectedState,
    campaign: FromQuery[str] = "",
    since: FromQuery[str] = "",
    until: FromQuery[str] = "",
) -> Response[bytes]:
    """A plot's table as a file: `reach.csv`, `funnel.xlsx` and so on."""
    key, _, form = name.partition(".")
    first, last = _days(app_state, since, until)
    plot = plot_named(await _plots(app_state, first, last, _campaign(campaign)), key)
    if plot is None or form not in KINDS:
        raise NotFoundException("This report does not exist.")
    body = await asyncio.to_thread(_xlsx if form == "xlsx" else _csv, plot)
    headers = {"content-disposition": f'attachment; filename="{plot.key}-{first}-{last}.{form}"'}
    return Response(body, media_type=KINDS[form], headers=headers)


def _campaign(text: str) -> int | None:
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 18 else None


def _days(app_state: AppState, since: str, until: str) -> tuple[date, date]:
    """The first and the last day; what is no day is taken for the last thirty."""
    today = app_state.clock.now().astimezone(ZoneInfo(app_state.settings.dialer_zone)).date()
    last = _day(until) or today
    first = _day(since) or last - USUAL
    return max(min(first, last), last - MAX_DAYS), last


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 < day.year < 9000 else None


async def _plots(app_state: AppState, first: date, last: date, campaign_id: int | None) -> list[Plot]:
    zone = app_state.settings.dialer_zone

    async def make() -> list[Plot]:
        since = datetime.combine(first, time(0), ZoneInfo(zone))
        until = datetime.combine(last + timedelta(days=1), time(0), ZoneInfo(zone))
        async with app_state.sessions() as session:
            return plots_of(await reports.of_span(session, since, until, campaign_id, zone), zone)

    return await app_state.stats_cache.get(("report", first, last, campaign_id), make)


def _csv(plot: Plot) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(plot.head)
    for row in plot.rows:
        writer.writerow(
            ["" if cell is None else escape_formula(cell) if isinstance(cell, str) else cell for cell in row]
        )
    return text.getvalue().encode("utf-8-sig")


def _xlsx(plot: Plot) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True, "strings_to_formulas": False}) as book:
        sheet, bold = book.add_worksheet(plot.key), book.add_format({"bold": True})
        sheet.freeze_panes(1, 0)
        for column, name in enumerate(plot.head):
            sheet.write_string(0, column, name, bold)
        for n, row in enumerate(plot.rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, str):
                    sheet.write_string(n, column, cell)
                elif cell is not None:
                    sheet.write_number(n, column, cell)
    return file.getvalue()


PAGES = [page, table]
