"""What a bridge process tells Prometheus at `/metrics`: counted when a call begins and ends, never per frame."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from dialer.bridge.conversation.effects import EndReason

KIND = CONTENT_TYPE_LATEST
LATENCIES_S = (0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The numbers of one process."""

    registry: CollectorRegistry
    calls: Gauge
    most_calls: Gauge
    draining: Gauge
    refused: Counter
    ended: Counter
    turn_latency: Histogram
    first_audio: Histogram
    reconnects: Counter
    tokens_left: Gauge
    loop_lag: Gauge

    def text(self) -> bytes:
        """All of them, in Prometheus' text form."""
        return generate_latest(self.registry)

    def call_ended(self, end: EndReason, latencies_ms: list[int], first_audio_ms: int | None, redials: int) -> None:
        """A call is over."""
        self.ended.labels(end.value).inc()
        for each in latencies_ms:
            self.turn_latency.observe(each / 1000)
        if first_audio_ms is not None:
            self.first_audio.observe(first_audio_ms / 1000)
        self.reconnects.inc(redials)


def make_metrics(most_calls: int) -> Metrics:
    """A new process's numbers; every label stands at 0 from the start, so that a rate can be told of the first one."""
    registry = CollectorRegistry()

    def gauge(name: str, says: str) -> Gauge:
        return Gauge(f"dialer_bridge_{name}", says, registry=registry)

    made = Metrics(
        registry,
        calls=gauge("calls", "Calls on this bridge now"),
        most_calls=gauge("most_calls", "How many calls this bridge takes"),
        draining=gauge("draining", "1 while no new call is taken"),
        refused=Counter("dialer_bridge_refused", "Sockets that were refused", ["why"], registry=registry),
        ended=Counter("dialer_bridge_calls_ended", "Calls that are over, by how", ["end"], registry=registry),
        turn_latency=Histogram(
            "dialer_bridge_turn_latency_seconds",
            "From the end of a student's speech to AVA's first audio at the carrier",
            registry=registry,
            buckets=LATENCIES_S,
        ),
        first_audio=Histogram(
            "dialer_bridge_first_audio_seconds",
            "From the stream's start to AVA's first audio",
            registry=registry,
            buckets=LATENCIES_S,
        ),
        reconnects=Counter("dialer_bridge_voice_redials", "New sessions within a call", registry=registry),
        tokens_left=gauge("voice_tokens_left", "The least share of the voice's tokens a minute that was left"),
        loop_lag=gauge("loop_lag_seconds", "How late the last tick of the event loop was"),
    )
    made.most_calls.set(most_calls)
    made.tokens_left.set(1)
    for end in EndReason:
        made.ended.labels(end.value)
    for why in ("full", "draining", "signature", "token", "pending", "metrics"):
        made.refused.labels(why)
    return made
