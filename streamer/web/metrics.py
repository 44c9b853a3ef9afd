"""What ``/metrics`` tells, for Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

_BLOCK_S = (0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.25, 1.0)
_REQUEST_S = (0.005, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0, 100.0, 300.0)


class Metrics:
    """Counts of one server."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self._streams = Gauge("streamer_streams", "Live streams at this moment.", registry=registry)
        self._ended = Counter("streamer_streams_ended", "Live streams that have ended.", registry=registry)
        self._notes = Counter("streamer_notes", "Notes of live streams.", registry=registry)
        self._lost = Counter(
            "streamer_lost_samples", "Samples that came faster than they were taken.", registry=registry
        )
        self._blocks = Histogram(
            "streamer_block_seconds",
            "From a block's receipt until its events are sent.",
            buckets=_BLOCK_S,
            registry=registry,
        )
        self._requests = Counter(
            "streamer_requests", "HTTP requests, and refused sockets.", ("path", "status"), registry=registry
        )
        self._took = Histogram(
            "streamer_request_seconds", "Duration of HTTP requests.", ("path",), buckets=_REQUEST_S, registry=registry
        )

    def streams(self, count: int) -> None:
        """So many streams there are.

        Parameters
        ----------
        count : int
            At this moment.
        """
        self._streams.set(count)

    def stream_ended(self, notes: int, lost: int) -> None:
        """A stream has ended.

        Parameters
        ----------
        notes : int
            That it had.
        lost : int
            Samples that could not be taken.
        """
        self._ended.inc()
        self._notes.inc(notes)
        self._lost.inc(lost)

    def block_done(self, took_ms: float) -> None:
        """A block's events are sent.

        Parameters
        ----------
        took_ms : float
            Since its receipt.
        """
        self._blocks.observe(took_ms / 1e3)

    def request(self, path: str, status: int, took_s: float) -> None:
        """A request was answered.

        Parameters
        ----------
        path : str
            The route, not what a client made of it.
        status : int
            Of the answer.
        took_s : float
            Since it came.
        """
        self._requests.labels(path, str(status)).inc()
        self._took.labels(path).observe(took_s)

    def text(self) -> bytes:
        """All of it, in the form that Prometheus reads."""
        return generate_latest(self._registry)
