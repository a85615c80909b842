"""Campaigns: the list, one with its buttons, and what it did, with reasons."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect, Template
from pydantic import BaseModel

from dialer.bus import call_control
from dialer.bus.call_control import Command
from dialer.domain.access.roles import READERS
from dialer.services import actions
from dialer.services.actions import CAMPAIGN_STOP
from dialer.services.campaigns.pause import CannotPauseError, pause_campaign
from dialer.services.campaigns.start import CannotStartError, start_campaign
from dialer.services.campaigns.stop import Receipt, stop_campaign
from dialer.store.calls import call_history
from dialer.store.campaigns import campaign_queries, campaigns, kill_switches
from dialer.store.campaigns.campaign_stats import CampaignStats
from dialer.store.leads import imports
from dialer.store.sessions import Session
from dialer.store.tables import AuditEntry, Campaign
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.halted import active_kill_switches
from dialer.web.pages.forms import Asked, FormError, actor, actor_email, read
from dialer.web.pages.home import TALLIES, all_stats
from dialer.web.render import redirect, render_page

LAST_CALLS = 20
MAX_REASONS = 8


async def get_campaign_or_404(session: Session, campaign_id: int) -> Campaign:
    """The campaign. Raises NotFoundException."""
    campaign = await session.get(Campaign, campaign_id)
    if campaign is None:
        raise NotFoundException("This campaign does not exist.")
    return campaign


STOPPED = CAMPAIGN_STOP.name


class Stop(BaseModel):
    """Whether calls in progress are ended too."""

    hang_up: bool = False


@get("/campaigns", include_in_schema=False, opt=require(READERS))
async def all_campaigns(app_state: InjectedState, done: FromQuery[str | None] = None) -> Template:
    """Every campaign."""
    sums = await all_stats(app_state)
    async with app_state.sessions() as session:
        everything = await campaign_queries.list_all(session)
    return render_page("campaigns/all.html", "/campaigns", done=done, campaigns=everything, sums=sums)


@get("/campaigns/{campaign_id:int}", include_in_schema=False, opt=require(READERS))
async def one(
    campaign_id: FromPath[int],
    app_state: InjectedState,
    done: FromQuery[str | None] = None,
    stopped: FromQuery[int] = 0,
) -> Template:
    """One campaign; `stopped` is the audit entry of a stop, whose receipt is shown."""
    async with app_state.sessions() as session:
        entry = await session.get(AuditEntry, stopped) if 0 < stopped < 2**63 else None
    receipt = Receipt.from_dict(entry.details) if entry is not None and entry.action == STOPPED else None
    return await _page(app_state, campaign_id, done=done, receipt=receipt)


async def _page(app_state: AppState, campaign_id: int, status: int = 200, **more: Any) -> Template:
    sums = await all_stats(app_state)
    switches = {each.scope: each.reason for each in await active_kill_switches(app_state)}
    async with app_state.sessions() as session:
        campaign = await get_campaign_or_404(session, campaign_id)
        lists = await campaign_queries.lists(session, campaign)
        live, promised = await campaigns.live_and_promised(session, campaign_id)
        held = await app_state.stats_cache.get(
            ("held", campaign_id, campaign.state), lambda: _held(app_state, campaign)
        )
        tally = sums.get(campaign_id, CampaignStats())
        context: dict[str, Any] = {
            "campaign": campaign,
            "is_waiting_for_costs": _waits_for_costs(campaign, tally),
            "script": await campaign_queries.script_of(session, campaign),
            "tally": tally,
            "halted_why": kill_switches.why_halted(switches, campaign.carrier),
            "live": live,
            "promised": promised,
            "next_due": await app_state.stats_cache.get(
                ("due", campaign_id), lambda: _next_due(app_state, campaign_id)
            ),
            "calls": await call_history.newest_calls(session, campaign_id, most=LAST_CALLS),
            "lists": [imports.described(each, campaign.name) for each in lists],
            "files": {each.id: each.file for each in lists},
            "log": await campaign_queries.log_of(session, campaign),
            "zone": await campaign_queries.zone_of(session, campaign_id),
            "held": held[:MAX_REASONS],
            "held_more": sum(many for _, many in held[MAX_REASONS:]),
            "in_turn": max(0, tally.not_called - sum(many for _, many in held)),
        }
    now = app_state.clock.now()
    return render_page("campaigns/one.html", "/campaigns", status=status, now=now, **context, **more)


def _waits_for_costs(campaign: Campaign, tally: CampaignStats) -> bool:
    """Whether the spend cap leaves no room for a call until costs that are still arriving turn out lower."""
    if campaign.state != "running" or campaign.spend_cap is None or not tally.money.arriving:
        return False
    return tally.money.committed + campaign.cost_reserve > campaign.spend_cap


async def _next_due(app_state: AppState, campaign_id: int) -> object:
    async with app_state.sessions() as session:
        return await campaigns.next_due(session, campaign_id)


async def _held(app_state: AppState, campaign: Campaign) -> list[tuple[str, int]]:
    async with app_state.sessions() as session:
        # Of a campaign that is over, the reasons that pass with time are none any more.
        return await campaign_queries.held_back(session, campaign.id, for_good=campaign.state == "stopped")


@post(
    "/campaigns/{campaign_id:int}/start", include_in_schema=False, status_code=200, opt=require(actions.CAMPAIGN_START)
)
async def start(campaign_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Start ringing."""
    try:
        async with app_state.sessions.begin() as session:
            campaign = await get_campaign_or_404(session, campaign_id)
            await start_campaign(session, actor(request), campaign)
    except CannotStartError as error:
        return await _page(app_state, campaign_id, 409, says=str(error))
    app_state.stats_cache.forget(TALLIES)
    return redirect(f"/campaigns/{campaign_id}", "started")


@post(
    "/campaigns/{campaign_id:int}/pause", include_in_schema=False, status_code=200, opt=require(actions.CAMPAIGN_PAUSE)
)
async def pause(campaign_id: FromPath[int], request: Asked, app_state: InjectedState) -> Template | Redirect:
    """Place no new call."""
    try:
        async with app_state.sessions.begin() as session:
            await pause_campaign(session, actor(request), await get_campaign_or_404(session, campaign_id))
    except CannotPauseError as error:
        return await _page(app_state, campaign_id, 409, says=str(error))
    return redirect(f"/campaigns/{campaign_id}", "paused")


@post("/campaigns/{campaign_id:int}/stop", include_in_schema=False, status_code=200, opt=require(actions.CAMPAIGN_STOP))
async def stop(campaign_id: FromPath[int], request: Asked, app_state: InjectedState) -> Redirect:
    """End it; the receipt is kept in the audit log, and shown on a page that can be reloaded."""
    wish = await read(request, Stop)
    hang_up = not isinstance(wish, FormError) and wish.hang_up

    async def by_bridge(call_id: UUID) -> bool:
        reply = await call_control.request(
            app_state.redis, Command(call_id=call_id, do="hang_up", at_once=True, who=actor_email(request))
        )
        return reply is not None and reply.ok

    async with app_state.sessions() as session:
        await get_campaign_or_404(session, campaign_id)
    now = app_state.clock.now()
    receipt = await stop_campaign(
        app_state.sessions, actor(request), campaign_id, app_state.carriers, now, hang_up=hang_up, by_bridge=by_bridge
    )
    app_state.stats_cache.forget(TALLIES)
    return Redirect(f"/campaigns/{campaign_id}?stopped={receipt.entry_id}", status_code=303)


PAGES = [all_campaigns, one, start, pause, stop]
