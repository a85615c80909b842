"""A call as it sounds, for a browser: `/ws/calls/{id}/listen`.

Binary messages, about ten a second: four bytes, the stream's ms at which the block begins (little endian), then pairs of
µ-law bytes at 8 kHz, the student first, AVA second. The socket is closed with 1000 when the call is over, with 4409 where
there is nothing to hear, with 4404 for a call that is not ours, with 4401 for a listener who is signed out, and with 1013
for one who cannot keep up.
"""

import asyncio
from uuid import UUID, uuid4

from litestar import WebSocket, websocket
from litestar.datastructures import State
from litestar.exceptions import WebSocketDisconnect
from litestar.params import FromPath
from redis.exceptions import RedisError

from dialer.bus import call_control
from dialer.bus.call_control import Command
from dialer.domain.access.roles import READERS
from dialer.services.actor import Actor
from dialer.services.audit.access import LISTEN, record_access_now
from dialer.services.calls.supervise import NO_BRIDGE, NoSuchCallError, NotDoneError, must_be_live
from dialer.web.app_state import AppState, InjectedState
from dialer.web.auth.permissions import require
from dialer.web.realtime.live import SIGN_IN_AGAIN, SIGNED_OUT, until_gone, until_signed_out
from dialer.web.realtime.socket_limit import TOO_MANY, TOO_MANY_SAYS, sockets

SEND_TIMEOUT_S = 2.0
MAX_UNANSWERED = 2
GONE, SLOW = 1000, 1013
Socket = WebSocket[Actor, object, State]


@websocket("/ws/calls/{call_id:uuid}/listen", opt=require(READERS))
async def listen(call_id: FromPath[UUID], socket: Socket, app_state: InjectedState) -> None:
    """Hear a call until it is over."""
    await socket.accept()
    with sockets.enter(socket.user.account_id) as has_room:
        if has_room:
            await _listen(call_id, socket, app_state)
        else:
            await socket.close(TOO_MANY, TOO_MANY_SAYS)


async def _listen(call_id: UUID, socket: Socket, app_state: AppState) -> None:
    try:
        await must_be_live(app_state.sessions, call_id)
        await record_access_now(app_state.sessions, socket.user, LISTEN, call_id=str(call_id))
        async with call_control.audio_blocks(app_state.redis, call_id) as blocks:
            wish = Command(call_id=call_id, do="listen", listener=uuid4().hex, who=socket.user.email)
            reply = await call_control.request(app_state.redis, wish)
            if reply is None or not reply.ok:
                await socket.close(4409, reply.says if reply else NO_BRIDGE)
                return
            await _pass_on(socket, app_state, wish, blocks)
    except NoSuchCallError as error:
        await socket.close(4404, str(error))
    except NotDoneError as error:
        await socket.close(4409, str(error))
    except (RedisError, OSError):
        await socket.close(4409, "Call audio is not available right now.")
    except WebSocketDisconnect:
        return


async def _pass_on(socket: Socket, app_state: AppState, wish: Command, blocks: call_control.Blocks) -> None:
    reader = asyncio.create_task(until_gone(socket))
    again = asyncio.create_task(_go_on(app_state, wish))
    out = asyncio.create_task(until_signed_out(socket, app_state))
    try:
        while not reader.done() and not out.done():
            next_one = asyncio.ensure_future(anext(blocks))
            await asyncio.wait({reader, again, out, next_one}, return_when=asyncio.FIRST_COMPLETED)
            if not next_one.done():
                next_one.cancel()
                await asyncio.gather(next_one, return_exceptions=True)
                break
            block = next_one.result()
            if block == call_control.OVER:
                break
            try:
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    await socket.send_bytes(block)
            except TimeoutError:
                await socket.close(SLOW, "Your connection is too slow to listen.")
                return
        if not reader.done():
            await socket.close(*((SIGNED_OUT, SIGN_IN_AGAIN) if out.done() else (GONE, "The call has ended.")))
    finally:
        for task in (reader, again, out):
            task.cancel()
        await asyncio.gather(reader, again, out, return_exceptions=True)


async def _go_on(app_state: AppState, wish: Command) -> None:
    """Go on wishing to hear; it ends when no bridge has the call any more."""
    unanswered = 0
    while unanswered < MAX_UNANSWERED:
        await asyncio.sleep(call_control.LISTEN_AGAIN_S)
        reply = await call_control.request(
            app_state.redis, Command(call_id=wish.call_id, do="listen", listener=wish.listener)
        )
        if reply is not None and not reply.ok:
            return
        unanswered = unanswered + 1 if reply is None else 0
