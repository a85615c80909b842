"""Calls as they happen: the Live page, and the socket that feeds it.

The first message is a snapshot of the calls in progress. The socket is closed with 4401 when its reader is signed out.
"""

import asyncio
import json
from contextlib import suppress
from typing import Any

from litestar import WebSocket, get, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.response import Template

from dialer.domain.access.roles import READERS
from dialer.services.actor import Actor
from dialer.store.calls import live_calls
from dialer.store.sessions import DatabaseError
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.identity import actor_of
from dialer.web.auth.permissions import require
from dialer.web.halted import active_kill_switches
from dialer.web.realtime.socket_limit import TOO_MANY, TOO_MANY_SAYS, sockets
from dialer.web.render import render_page

REFRESH_S = 5.0
SIGNED_OUT, SIGN_IN_AGAIN = 4401, "You are signed out. Sign in again."


@get("/live", include_in_schema=False, opt=require(READERS))
async def live_page() -> Template:
    """The Live page."""
    return render_page("live/page.html", "/live")


@websocket("/ws/live", opt=require(READERS))
async def live_socket(socket: WebSocket[Actor, object, State], app_state: InjectedState) -> None:
    """A snapshot of the calls in progress, then every message as it comes."""
    await socket.accept()
    with sockets.enter(socket.user.account_id) as has_room:
        if has_room:
            await _feed(socket, app_state)
        else:
            await socket.close(TOO_MANY, TOO_MANY_SAYS)


async def _feed(socket: WebSocket[Actor, object, State], app_state: AppState) -> None:
    async with app_state.broadcast.subscribe() as queue:
        await socket.send_text(await _snapshot(app_state))
        reader = asyncio.create_task(until_gone(socket))
        out = asyncio.create_task(until_signed_out(socket, app_state))
        switches = asyncio.create_task(notify_kill_switches(app_state, queue))
        try:
            while not reader.done() and not out.done():
                getter = asyncio.create_task(queue.get())
                await asyncio.wait({reader, out, getter}, return_when=asyncio.FIRST_COMPLETED)
                if not getter.done():
                    getter.cancel()
                    break
                await socket.send_text(getter.result())
            if not reader.done():
                await socket.close(SIGNED_OUT, SIGN_IN_AGAIN)
        except WebSocketDisconnect:
            pass
        finally:
            reader.cancel()
            out.cancel()
            switches.cancel()


async def until_gone(socket: WebSocket[Any, Any, State]) -> None:
    """Wait until the other side has closed; what it says is passed over."""
    with suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()


async def until_signed_out(socket: WebSocket[Any, Any, State], app_state: AppState) -> None:
    """Wait until whoever opened the socket may not read any more. A socket that is open counts as use of the sign-in."""
    while True:
        await asyncio.sleep(REFRESH_S)
        try:
            caller = await actor_of(socket, app_state)
        except (DatabaseError, OSError):
            continue  # who it is cannot be asked right now: that is no sign-out
        if caller is None or caller.role not in READERS:
            return


async def notify_kill_switches(app_state: AppState, queue: "asyncio.Queue[str]") -> None:
    """Put a message on the queue whenever a kill switch is on or released: the page then renews its banner."""
    before: set[str] | None = None
    while True:
        with suppress(DatabaseError, OSError):  # asked again
            now = {each.scope for each in await active_kill_switches(app_state)}
            if before not in (None, now) and not queue.full():
                queue.put_nowait(json.dumps({"type": "halted"}))
            before = now
        await asyncio.sleep(REFRESH_S)


async def _snapshot(app_state: AppState) -> str:
    async with app_state.sessions() as session:
        rows = await live_calls.in_progress(session)
    calls = [
        {
            "call_id": str(each.call_id),
            "phone": each.phone,
            "name": each.name,
            "campaign": each.campaign,
            "state": each.state,
            "since": each.since.isoformat(),
            "for_s": round(each.for_s, 1),
            "turns": [
                {"who": turn.speaker, "text": turn.text, "item": turn.item, "position": turn.position}
                for turn in each.turns
            ],
            "fields": each.fields,
        }
        for each in rows
    ]
    now = app_state.clock.now().isoformat()
    return json.dumps({"type": "snapshot", "time": now, "calls": calls}, ensure_ascii=False)
