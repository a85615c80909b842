"""Load generator for a Twilio Media Streams <-> OpenAI Realtime bridge.

One process, two roles:
  * N fake Twilio calls: websocket clients of the bridge under test (connected, start,
    then one `media` message of 160 ulaw bytes every 20 ms; plays out what it is sent,
    echoes marks when the audio before them has "played", honours clear).
  * the fake OpenAI Realtime server (GA or beta event names) that the bridge connects to;
    it speaks for half of the time and is clocked by the audio it receives.

Each uplink frame and each audio delta starts with a 24-byte header (magic, call, seq, ns),
so that the added one-way latency is measured by whoever receives it.  A bridge that
transcodes the audio (pipecat) destroys the header; then latency falls back to counting
milliseconds of audio ("method": "count").

Prints ONE json line on stdout.  Everything else goes to stderr.
"""
import argparse, asyncio, base64, binascii, gc, json, os, ssl, struct, sys, time
from collections import deque

import msgspec
import uvloop
from picows import (WSListener, WSMsgType, WSUpgradeResponse, ws_connect, ws_create_server)

now_ns = time.monotonic_ns
TEXT = WSMsgType.TEXT

MAGIC_B64 = b"BRdgBncHb0t2"                 # 9 raw bytes: never split by base64 alignment
MAGIC = binascii.a2b_base64(MAGIC_B64)      # 9 bytes
HDR = struct.Struct(">9sHIQ")               # 23 bytes -> pad to 24 => 32 base64 chars
HLEN, HB64 = 24, 32
FRAME_MS = 20


def header(call, seq, ns):
    return binascii.b2a_base64(HDR.pack(MAGIC, call, seq, ns) + b"\xff", newline=False)


def read_header(buf, i):
    _, c, s, t = HDR.unpack(binascii.a2b_base64(bytes(buf[i:i + HB64]))[:23])
    return c, s, t


def noise(n, seed=7):                       # something that looks like speech bytes
    x, out = seed, bytearray(n)
    for i in range(n):
        x = (1103515245 * x + 12345) & 0x7FFFFFFF
        out[i] = 0x80 | ((x >> 16) & 0x7F)
    return bytes(out)


# ------------------------------------------------------------------ process accounting
HZ = os.sysconf("SC_CLK_TCK")


def tree(pid):
    kids = {}
    for d in os.listdir("/proc"):
        if d.isdigit():
            try:
                with open(f"/proc/{d}/stat", "rb") as f:
                    s = f.read()
                kids.setdefault(int(s[s.rindex(b")") + 2:].split()[1]), []).append(int(d))
            except (OSError, ValueError):
                pass
    out, todo = [], [pid]
    while todo:
        p = todo.pop()
        out.append(p)
        todo += kids.get(p, [])
    return out


def cpu(pid):
    """(ns on cpu from schedstat, user ms, sys ms, rss bytes) over the process tree."""
    ns = u = s = rss = 0
    for p in tree(pid):
        try:
            with open(f"/proc/{p}/stat", "rb") as f:
                st = f.read()
            st = st[st.rindex(b")") + 2:].split()
            u += int(st[11]); s += int(st[12])
            rss += int(st[21]) * 4096
            for t in os.listdir(f"/proc/{p}/task"):
                with open(f"/proc/{p}/task/{t}/schedstat") as f:
                    ns += int(f.read().split()[0])
        except OSError:
            pass
    return ns, u * 1000 / HZ, s * 1000 / HZ, rss


def urgent(tid, prio):
    """On a shared machine: realtime (prio 1) or niced (< 0), so that neighbours do not show as latency."""
    if prio == 1:
        os.sched_setscheduler(tid, os.SCHED_RR, os.sched_param(1))
    elif prio:
        os.setpriority(os.PRIO_PROCESS, tid, prio)


def pin(pid, core, nice=0):
    for p in tree(pid):
        try:
            for t in os.listdir(f"/proc/{p}/task"):
                os.sched_setaffinity(int(t), {core})
                urgent(int(t), nice)
        except OSError:
            pass


# ------------------------------------------------------------------ statistics
class Dir:
    """One direction: sent / received / latency samples inside the window."""
    def __init__(self):
        self.sent = self.recv = self.bytes_in = 0
        self.lat = []

    def add(self, ns):
        self.recv += 1
        self.lat.append(ns)

    def summary(self, late_ms):
        l = sorted(self.lat)
        if not l:
            return dict(p50=None, p99=None, max=None, late=0)
        q = lambda p: round(l[min(len(l) - 1, int(p * len(l)))] / 1e6, 3)
        late = sum(1 for x in l if x > late_ms * 1e6)
        return dict(p50=q(.5), p90=q(.9), p99=q(.99), max=round(l[-1] / 1e6, 3), late=late)


class State:
    measuring = False
    method = "header"
    up = Dir()
    down = Dir()
    events = {}
    errors = []


S = State()
CALLS = []
PENDING = deque()                           # calls waiting for their OpenAI connection


def count(k):
    if S.measuring:
        S.events[k] = S.events.get(k, 0) + 1


def err(e):
    if len(S.errors) < 5:
        S.errors.append(str(e)[:300])


class Base(WSListener):
    part = None

    def message(self, frame):
        """Whole text message as bytes, or None."""
        t = frame.msg_type
        if t == TEXT or t == WSMsgType.BINARY:
            if frame.fin:
                return frame.get_payload_as_bytes()
            self.part = [frame.get_payload_as_bytes()]
        elif t == WSMsgType.CONTINUATION and self.part is not None:
            self.part.append(frame.get_payload_as_bytes())
            if frame.fin:
                m, self.part = b"".join(self.part), None
                return m
        return None


def quoted(msg, key):
    """(start, end) of the JSON string value of `key`."""
    i = msg.find(key)
    if i < 0:
        return -1, -1
    i = msg.find(b'"', msg.find(b":", i + len(key))) + 1
    return i, msg.find(b'"', i)


def b64len(msg, i, j):
    return (j - i) * 3 // 4 - (msg[j - 1] == 61) - (msg[j - 2] == 61)


# ------------------------------------------------------------------ Twilio side
class Call(Base):
    def __init__(self, idx, args):
        self.idx, self.args = idx, args
        self.sid = "MZ%032x" % (0xBEEF0000 + idx)
        self.call_sid = "CA%032x" % (0xCAFE0000 + idx)
        self.t = None
        self.seq = 0                        # media frames sent
        self.alive = True
        self.openai = None
        self.start_ns = 0
        self.play_end = 0                   # ns when the audio buffered here has played
        self.marks = deque()
        self.up_q = deque()                 # (threshold ms, ns) for count mode
        self.down_q = deque()
        self.down_ms = 0.0
        self.tail = base64.b64encode(noise(160 - HLEN, idx + 3)) + b'"},"streamSid":"' + self.sid.encode() + b'"}'

    # -- websocket
    def on_ws_connected(self, transport):
        self.t = transport

    def begin(self):
        a = self.args
        self.t.send(TEXT, b'{"event":"connected","protocol":"Call","version":"1.0.0"}')
        self.t.send(TEXT, msgspec.json.encode({
            "event": "start", "sequenceNumber": "1", "start": {
                "accountSid": "AC" + "0" * 32, "streamSid": self.sid, "callSid": self.call_sid,
                "tracks": ["inbound"],
                "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
                "customParameters": dict(p.replace("{i}", str(self.idx)).split("=", 1) for p in a.param)},
            "streamSid": self.sid}))
        self.start_ns = now_ns()

    def tick(self):
        if not self.alive:
            return
        n = now_ns()
        if self.seq == 0:
            self.start_ns = n
        self.seq += 1
        s = self.seq
        msg = (b'{"event":"media","sequenceNumber":"%d","media":{"track":"inbound","chunk":"%d",'
               b'"timestamp":"%d","payload":"' % (s + 1, s, (s - 1) * FRAME_MS)) + header(self.idx, s, n) + self.tail
        try:
            self.t.send(TEXT, msg)
        except Exception as e:
            self.alive = False
            err(f"twilio send: {e!r}")
            return
        if S.measuring:
            S.up.sent += 1
        if S.method == "count":
            self.up_q.append(((s - 1) * FRAME_MS + 10, n if S.measuring else 0))
        m = self.marks
        while m and m[0][0] <= n:
            self.echo(m.popleft()[1])

    def echo(self, name):
        count("mark_echo")
        self.t.send(TEXT, b'{"event":"mark","sequenceNumber":"%d","streamSid":"%s","mark":{"name":%s}}'
                    % (self.seq, self.sid.encode(), msgspec.json.encode(name)))

    def on_ws_frame(self, transport, frame):
        m = self.message(frame)
        if m is None:
            if frame.msg_type == WSMsgType.CLOSE:
                self.alive = False
                err("bridge closed the Twilio websocket: %s %s" % (frame.get_close_code(), frame.get_close_message()))
                transport.send_close(1000)
            return
        n = now_ns()
        i, j = quoted(m, b'"payload"')
        if i > 0:
            nb = b64len(m, i, j)
            count("media_out")
            if S.measuring:
                S.down.bytes_in += nb
            self.play_end = max(self.play_end, n) + nb * 125000
            self.down_ms += nb / 8
            k = m.find(MAGIC_B64, i, j)
            if k >= 0:
                c, s, t = read_header(m, k)
                if c != self.idx:
                    err(f"CROSS-TALK: call {self.idx} got audio of call {c}")
                if S.measuring and t >= S.t0:
                    S.down.add(n - t)
            elif self.down_q:
                q = self.down_q
                while q and q[0][0] <= self.down_ms:
                    t = q.popleft()[1]
                    if t and S.measuring:
                        S.down.add(n - t)
            return
        try:
            d = msgspec.json.decode(m)
        except (ValueError, msgspec.DecodeError):
            return err(f"bad json from bridge {m[:80]!r}")
        e = d.get("event")
        count(e or "?")
        if e == "mark":
            self.marks.append((self.play_end, d["mark"]["name"]))
        elif e == "clear":
            self.play_end = 0
            while self.marks:
                self.echo(self.marks.popleft()[1])

    def on_ws_disconnected(self, transport):
        if self.alive and not S.closing:
            err("twilio ws disconnected")
        self.alive = False


# ------------------------------------------------------------------ OpenAI side
class OpenAI(Base):
    def __init__(self, args, model):
        self.a = args
        self.model = model
        self.call = None
        self.t = None
        self.rate_in = self.rate_out = 8    # bytes per ms (pcmu)
        self.configured = False
        self.ms = 0.0                       # audio received
        self.pos0 = 0
        self.talking = False
        self.said = 0                       # ms sent of the present response
        self.base = 0.0
        self.owe = 0.0
        self.n = 0                          # responses
        self.dseq = 0
        self.down_ms = 0.0
        self.phase = None
        self.ev = 0
        self.names = ("response.output_audio", "response.output_audio_transcript", "output_audio") \
            if args.dialect == "ga" else ("response.audio", "response.audio_transcript", "audio")
        self.build()

    def build(self):
        ms = self.a.delta_ms
        self.delta_bytes = ms * self.rate_out
        self.delta_tail = base64.b64encode(noise(self.delta_bytes - HLEN)) + b'"}'

    def on_ws_connected(self, transport):
        self.t = transport
        if PENDING:
            self.call = PENDING.popleft()
            self.call.openai = self
        self.send({"type": "session.created", "session": self.session()})

    def shape(self, rate):
        """The format in force: 24 kHz PCM until the client has asked for µ-law."""
        return {"type": "audio/pcmu"} if self.configured and rate == 8 else {"type": "audio/pcm", "rate": 24000}

    def session(self):
        s = {"id": "sess_%x" % id(self), "object": "realtime.session", "model": self.model,
             "instructions": "You are a helpful assistant. " * 8, "tools": [], "tool_choice": "auto",
             "max_response_output_tokens" if self.a.dialect == "beta" else "max_output_tokens": "inf"}
        if self.a.dialect == "ga":
            s |= {"type": "realtime", "output_modalities": ["audio"], "audio": {
                "input": {"format": self.shape(self.rate_in), "turn_detection": {
                    "type": "server_vad", "threshold": .5, "prefix_padding_ms": 300, "silence_duration_ms": 200,
                    "create_response": True, "interrupt_response": True}, "transcription": None},
                "output": {"format": self.shape(self.rate_out), "voice": "marin", "speed": 1.0}}}
        else:
            s |= {"modalities": ["audio", "text"], "voice": "alloy", "temperature": .8,
                  "input_audio_format": "pcm16", "output_audio_format": "pcm16",
                  "turn_detection": {"type": "server_vad"}}
        return s

    def send(self, d):
        self.ev += 1
        d["event_id"] = "event_%08x%08x" % (id(self) & 0xFFFFFFFF, self.ev)
        self.t.send(TEXT, msgspec.json.encode(d))

    def on_ws_frame(self, transport, frame):
        m = self.message(frame)
        if m is None:
            if frame.msg_type == WSMsgType.CLOSE:
                transport.send_close(1000)
                transport.disconnect()
            return
        if m.find(b"input_audio_buffer.append") >= 0:
            try:
                self.append(m)
            except Exception as e:
                err(f"append: {e!r}")
            return
        try:
            d = msgspec.json.decode(m)
        except (ValueError, msgspec.DecodeError):
            return err(f"bad json at openai {m[:80]!r}")
        t = d.get("type", "?")
        count("client:" + t)
        if t == "session.update":
            fmt = {"audio/pcmu": 8, "audio/pcma": 8, "audio/pcm": 48, "g711_ulaw": 8, "g711_alaw": 8, "pcm16": 48}
            s = d["session"]
            au = s.get("audio") or {}
            # the API defaults to pcm 24 kHz when no format is given
            fi = ((au.get("input") or {}).get("format") or {}).get("type") or s.get("input_audio_format") or "pcm16"
            fo = ((au.get("output") or {}).get("format") or {}).get("type") or s.get("output_audio_format") or "pcm16"
            self.rate_in, self.rate_out = fmt[fi], fmt[fo]
            self.configured = True
            if 48 in (self.rate_in, self.rate_out):
                S.method = "count"
            self.build()
            self.send({"type": "session.updated", "session": self.session()})
        elif t == "conversation.item.create":
            it = dict(d["item"], id=d["item"].get("id") or "item_x", object="realtime.item", status="completed")
            names = ("conversation.item.added", "conversation.item.done") if self.a.dialect == "ga" else ("conversation.item.created",)
            for k in names:
                self.send({"type": k, "previous_item_id": None, "item": it})
        elif t == "conversation.item.truncate":
            self.send({"type": "conversation.item.truncated", "item_id": d["item_id"], "content_index": 0,
                       "audio_end_ms": d["audio_end_ms"]})
        elif t == "response.cancel" and self.talking:
            self.finish("cancelled")

    def append(self, m):
        n = now_ns()
        i, j = quoted(m, b'"audio"')
        nb = b64len(m, i, j)
        call = self.call
        if nb > 230 and self.rate_in == 8:  # the bridge batches frames
            raw = binascii.a2b_base64(m[i:j])
            k = raw.find(MAGIC)
            while k >= 0:
                _, c, s, t = HDR.unpack(raw[k:k + 23])
                self.got(c, t, n)
                k = raw.find(MAGIC, k + HLEN)
        else:
            k = m.find(MAGIC_B64, i, j)
            if k >= 0:
                c, s, t = read_header(m, k)
                self.got(c, t, n)
        self.ms += nb / self.rate_in
        if S.method == "count" and call is not None and call.up_q:
            q = call.up_q
            while q and q[0][0] <= self.ms:
                t = q.popleft()[1]
                if t and S.measuring:
                    S.up.add(n - t)
        count("append")
        self.clock(nb / self.rate_in)

    def got(self, c, t, n):
        if self.call is None or self.call.idx != c:
            if self.call is not None and self.phase is not None:
                err(f"CROSS-TALK: openai conn of call {self.call.idx} got frames of {c}")
            self.call = CALLS[c]
            self.call.openai = self
        if S.measuring and t >= S.t0:
            S.up.add(n - t)

    # -- the "model": clocked by the caller's audio
    def clock(self, ms):
        a = self.a
        if self.phase is None:
            # spread the calls over the cycle
            self.phase = (self.call.idx * 0.6180339 % 1.0) * a.cycle_ms if self.call else 0.0
            self.spoke = self.answered = False
        self.phase += ms
        p = self.phase
        talk_at = a.cycle_ms * (1 - a.talk)
        if not self.talking:
            if p >= talk_at * .4 and not self.spoke:
                self.spoke = True
                self.send({"type": "input_audio_buffer.speech_started", "audio_start_ms": int(self.ms), "item_id": self.item("u")})
            if p >= talk_at and not self.answered:
                self.start_response()
        else:
            self.owe += ms * a.burst
            while self.talking and self.owe >= a.delta_ms:
                self.owe -= a.delta_ms
                self.delta()
                if a.barge_every and self.n % a.barge_every == 0 and self.said >= a.cycle_ms * a.talk / 2:
                    self.send({"type": "input_audio_buffer.speech_started", "audio_start_ms": int(self.ms), "item_id": self.item("u")})
                    self.finish("cancelled")
                    break
                if self.said >= a.cycle_ms * a.talk - a.delta_ms / 2:
                    self.finish("completed")
        if self.phase >= a.cycle_ms:
            self.phase -= a.cycle_ms
            self.spoke = self.answered = False

    def item(self, k):
        return "item_%s%08x%05d" % (k, id(self) & 0xFFFFFFFF, self.n)

    def start_response(self):
        ga = self.a.dialect == "ga"
        self.talking, self.said, self.owe = True, 0, float(self.a.delta_ms)
        u = self.item("u")
        self.n += 1
        self.rid, self.iid = "resp_%08x%05d" % (id(self) & 0xFFFFFFFF, self.n), self.item("a")
        send = self.send
        send({"type": "input_audio_buffer.speech_stopped", "audio_end_ms": int(self.ms), "item_id": u})
        send({"type": "input_audio_buffer.committed", "previous_item_id": None, "item_id": u})
        uitem = {"id": u, "object": "realtime.item", "type": "message", "status": "completed", "role": "user",
                 "content": [{"type": "input_audio", "transcript": None}]}
        send({"type": "conversation.item.added" if ga else "conversation.item.created", "previous_item_id": None, "item": uitem})
        if ga:
            send({"type": "conversation.item.done", "previous_item_id": None, "item": uitem})
        send({"type": "response.created", "response": self.response("in_progress")})
        it = {"id": self.iid, "object": "realtime.item", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        send({"type": "response.output_item.added", "response_id": self.rid, "output_index": 0, "item": it})
        send({"type": "conversation.item.added" if ga else "conversation.item.created", "previous_item_id": u, "item": it})
        send({"type": "response.content_part.added", "response_id": self.rid, "item_id": self.iid, "output_index": 0,
              "content_index": 0, "part": {"type": "audio", "transcript": ""}})
        self.dhead = (b'{"type":"%s.delta","event_id":"event_%%08x%08x","response_id":"%s","item_id":"%s",'
                      b'"output_index":0,"content_index":0,"delta":"' % (
                          self.names[0].encode(), id(self) & 0xFFFFFFFF, self.rid.encode(), self.iid.encode()))
        self.thead = {"type": self.names[1] + ".delta", "response_id": self.rid, "item_id": self.iid,
                      "output_index": 0, "content_index": 0, "delta": " hello", "obfuscation": "ab3cd9"}
        self.clock(0)

    def response(self, status):
        r = {"object": "realtime.response", "id": self.rid, "status": status, "status_details": None, "output": [],
             "conversation_id": "conv_1", "output_modalities": ["audio"], "max_output_tokens": "inf",
             "audio": {"output": {"format": {"type": "audio/pcmu"}, "voice": "marin"}}, "usage": None, "metadata": None}
        if self.a.dialect == "beta":
            r["modalities"] = ["audio", "text"]
        if status != "in_progress":
            r["usage"] = {"total_tokens": 275, "input_tokens": 127, "output_tokens": 148,
                          "input_token_details": {"text_tokens": 119, "audio_tokens": 8, "image_tokens": 0, "cached_tokens": 64,
                                                  "cached_tokens_details": {"text_tokens": 64, "audio_tokens": 0, "image_tokens": 0}},
                          "output_token_details": {"text_tokens": 36, "audio_tokens": 112}}
        return r

    def delta(self):
        self.send(dict(self.thead))
        self.dseq += 1
        self.ev += 1
        n = now_ns()
        c = self.call.idx if self.call else 0
        self.t.send(TEXT, self.dhead % self.ev + header(c, self.dseq, n) + self.delta_tail)
        self.said += self.a.delta_ms
        count("delta")
        if S.measuring:
            S.down.sent += 1
        if S.method == "count" and self.call is not None:
            self.call.down_q.append((self.down_ms + 10, n if S.measuring else 0))
        self.down_ms += self.a.delta_ms

    def finish(self, status):
        self.talking = False
        part = {"type": "audio", "transcript": "hello " * 20}
        ctype = self.names[2]
        common = {"response_id": self.rid, "item_id": self.iid, "output_index": 0, "content_index": 0}
        send = self.send
        send({"type": self.names[0] + ".done", **common})
        send({"type": self.names[1] + ".done", "transcript": "hello " * 20, **common})
        send({"type": "response.content_part.done", **common, "part": part})
        it = {"id": self.iid, "object": "realtime.item", "type": "message",
              "status": "completed" if status == "completed" else "incomplete", "role": "assistant",
              "content": [{"type": ctype, "transcript": "hello " * 20}]}
        send({"type": "response.output_item.done", "response_id": self.rid, "output_index": 0, "item": it})
        if self.a.dialect == "ga":
            send({"type": "conversation.item.done", "previous_item_id": None, "item": it})
        r = self.response(status)
        r["output"] = [it]
        send({"type": "response.done", "response": r})
        send({"type": "rate_limits.updated", "rate_limits": [{"name": "tokens", "limit": 50000, "remaining": 49950, "reset_seconds": 60}]})
        self.answered = self.phase >= self.a.cycle_ms * (1 - self.a.talk)   # one response per cycle


# ------------------------------------------------------------------ main
async def main(a):
    S.closing = False
    S.t0 = 0
    if hasattr(os, "sched_setaffinity") and a.cpu >= 0:
        os.sched_setaffinity(0, {a.cpu})
    if a.nice:
        try:
            urgent(0, a.nice)
        except OSError as e:
            print(f"without realtime priority ({e}): neighbours may show as latency", file=sys.stderr)
            a.nice = 0
    if a.pid and a.bridge_cpu >= 0:
        pin(a.pid, a.bridge_cpu, a.nice)
    loop = asyncio.get_running_loop()

    def factory(req):
        p = req.path if isinstance(req.path, str) else req.path.decode()
        return OpenAI(a, p.partition("model=")[2].partition("&")[0] or "gpt-realtime")

    kw = {}
    if a.tls_cert:
        ctx = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        ctx.load_cert_chain(a.tls_cert, a.tls_key)
        kw["ssl"] = ctx
    server = await ws_create_server(factory, "127.0.0.1", a.openai_port, backlog=1024, **kw)
    if a.serve_only:
        print("fake openai on", a.openai_port, file=sys.stderr)
        await asyncio.sleep(1e9)

    rss0 = cpu(a.pid)[3] if a.pid else 0
    url = a.url or f"ws://127.0.0.1:{a.port}{a.path}"
    hdrs = [tuple(h.split("=", 1)) for h in a.header]
    t_ramp = now_ns()
    setup = []
    slots = [[] for _ in range(FRAME_MS)]
    stop = False
    lag = []

    def wheel(k, due):
        # one 1 ms slot of the 20 ms wheel
        n = loop.time()
        if S.measuring:
            lag.append(n - due)
        for c in slots[k]:
            c.tick()
        if not stop:
            due += 0.001
            loop.call_at(due, wheel, (k + 1) % FRAME_MS, due)

    due = loop.time() + .001
    loop.call_at(due, wheel, 0, due)

    for i in range(a.calls):
        c = Call(i, a)
        CALLS.append(c)
        PENDING.append(c)
        t1 = now_ns()
        await ws_connect(lambda: c, url, extra_headers=hdrs, websocket_handshake_timeout=20)
        c.begin()
        for _ in range(4000):                       # wait for its OpenAI leg: keeps the pairing exact
            if c.openai is not None or not c.alive:
                break
            await asyncio.sleep(.0025)
        if c.openai is None:
            err(f"call {i}: no OpenAI connection in 10 s")
        setup.append((now_ns() - t1) / 1e6)
        slots[(i * 7) % FRAME_MS].append(c)         # starts sending at its next slot
    ramp = (now_ns() - t_ramp) / 1e9
    await asyncio.sleep(a.warmup)
    if a.pid and a.bridge_cpu >= 0:
        pin(a.pid, a.bridge_cpu, a.nice)                    # threads born since
    gc.collect(); gc.freeze(); gc.disable()

    me0 = time.process_time()
    c0 = cpu(a.pid) if a.pid else (0, 0, 0, 0)
    t0 = now_ns()
    S.t0 = t0
    S.measuring = True
    await asyncio.sleep(a.seconds)
    t1 = now_ns()
    c1 = cpu(a.pid) if a.pid else (0, 0, 0, 0)
    me1 = time.process_time()
    alive = sum(c.alive for c in CALLS)
    stop = True                                     # no new frames; drain what is in flight
    sent_down = S.down.sent
    await asyncio.sleep(a.drain)
    S.measuring = False
    if os.environ.get("BB_DUMP"):
        with open(os.environ["BB_DUMP"], "w") as f:
            json.dump({"up": S.up.lat, "down": S.down.lat}, f)
    sec = (t1 - t0) / 1e9
    N = a.calls
    lag.sort()
    up, down = S.up.summary(a.late_ms), S.down.summary(a.late_ms)
    out = {
        "name": a.name, "calls": N, "seconds": round(sec, 2), "dialect": a.dialect, "tls_openai": bool(a.tls_cert),
        "delta_ms": a.delta_ms, "burst": a.burst, "method": S.method,
        "cpu_ms_per_call_second": round((c1[0] - c0[0]) / 1e6 / sec / N, 4),
        "user_ms_per_call_second": round((c1[1] - c0[1]) / sec / N, 4),
        "sys_ms_per_call_second": round((c1[2] - c0[2]) / sec / N, 4),
        "cpu_pct": round((c1[0] - c0[0]) / 1e7 / sec, 1),
        "rss_mb": round(c1[3] / 2**20, 1), "rss_kb_per_call": round((c1[3] - rss0) / 1024 / N, 1),
        "up_ms": up, "down_ms": down,
        "up_sent": S.up.sent, "up_lost": S.up.sent - S.up.recv,
        "down_sent": S.down.sent, "down_lost": S.down.sent - S.down.recv,
        "late": up["late"] + down["late"], "alive": alive,
        "setup_ms_median": round(sorted(setup)[len(setup) // 2], 2),
        "gen_cpu_pct": round((me1 - me0) * 100 / sec, 1),
        "gen_lag_p99_ms": round(lag[int(len(lag) * .99)] * 1e3, 2) if lag else None,
        "events": S.events, "errors": S.errors,
    }
    out["ok"] = bool(alive == N and out["up_lost"] <= 0 and out["down_lost"] <= 0 and up["p99"] is not None and down["p99"] is not None
                     and up["p99"] <= 20 and down["p99"] <= 20)
    print(json.dumps(out), flush=True)
    S.closing = True
    for c in CALLS:
        if c.alive:
            try:
                c.t.send(TEXT, b'{"event":"stop","sequenceNumber":"9","streamSid":"%s","stop":{"accountSid":"AC0","callSid":"%s"}}'
                         % (c.sid.encode(), c.call_sid.encode()))
                c.t.send_close(1000)
                c.t.disconnect()
            except Exception:
                pass
    await asyncio.sleep(.5)
    server.close()


if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--name", default="bridge")
    p.add_argument("--port", type=int, default=8000, help="port of the bridge")
    p.add_argument("--path", default="/media-stream")
    p.add_argument("--url", help="whole url of the bridge's websocket instead of --port/--path")
    p.add_argument("--header", action="append", default=[], help="Name=value sent with the Twilio handshake")
    p.add_argument("--param", action="append", default=[], help="name=value customParameters of the start message; {i} is the call's number")
    p.add_argument("--pid", type=int, default=0, help="pid of the bridge (its tree is accounted)")
    p.add_argument("--openai-port", type=int, default=9900)
    p.add_argument("--dialect", choices=["ga", "beta"], default="ga")
    p.add_argument("--calls", type=int, default=50)
    p.add_argument("--seconds", type=float, default=10)
    p.add_argument("--warmup", type=float, default=2)
    p.add_argument("--drain", type=float, default=1)
    p.add_argument("--delta-ms", type=int, default=100, help="audio per output_audio.delta")
    p.add_argument("--talk", type=float, default=.5, help="share of the time the model talks")
    p.add_argument("--cycle-ms", type=int, default=4000)
    p.add_argument("--burst", type=float, default=1.0, help="model output speed, 1 = realtime (OpenAI is usually faster)")
    p.add_argument("--barge-every", type=int, default=0, help="interrupt every k-th response")
    p.add_argument("--late-ms", type=float, default=20)
    p.add_argument("--cpu", type=int, default=1, help="core of this generator (-1: no pinning)")
    p.add_argument("--bridge-cpu", type=int, default=0)
    p.add_argument("--nice", type=int, default=1, help="priority of generator and bridge on a shared machine: 1 realtime, < 0 niced, 0 leave")
    p.add_argument("--tls-cert"); p.add_argument("--tls-key")
    p.add_argument("--serve-only", action="store_true", help="only host the fake OpenAI server")
    uvloop.run(main(p.parse_args()))
