"""Metrics: what Prometheus is told of the service."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from maskwise.service.uploads import Uploads
    from maskwise.service.workers.crew import Crew
    from maskwise.service.workers.job import Answer

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """Counts what happens. What faces wear is not told: a scrape is about too few people."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self._requests = Counter(
            "maskwise_requests",
            "Requests that were answered, with whatever status.",
            ("method", "path", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "maskwise_request_seconds",
            "From the head of a request to the end of its answer.",
            ("path",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self.in_flight = Gauge(
            "maskwise_requests_in_flight", "Requests being answered.", registry=self._registry
        )
        self._pictures = Counter(
            "maskwise_pictures",
            "Pictures, by the status of their answer.",
            ("status",),
            registry=self._registry,
        )
        self._faces = Counter("maskwise_faces", "Faces that were found.", registry=self._registry)
        self._stages = Histogram(
            "maskwise_stage_seconds",
            "What a picture spent waiting (queue), and being decoded, decided on and drawn.",
            ("stage",),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._together = Histogram(
            "maskwise_batch_pictures",
            "How many pictures a worker took at once.",
            buckets=(1, 2, 3, 4, 8),
            registry=self._registry,
        )
        self._events = Counter(
            "maskwise_events",
            "What happened to workers and models.",
            ("event",),
            registry=self._registry,
        )

    def watch(self, crew: "Crew", uploads: "Uploads") -> None:
        """Tell of queue, workers and model of a crew, and of what is in memory, too."""
        self._registry.register(_State(crew, uploads))

    def count_request(self, method: str, path: str, status: int, seconds: float) -> None:
        """A request was answered.

        Args:
            method: As HTTP has it.
            path: The pattern of its path, not the path itself.
            status: Of the answer.
            seconds: How long it took.
        """
        self._requests.labels(method, path, str(status)).inc()
        self._seconds.labels(path).observe(seconds)

    def count_answers(self, answers: "Iterable[Answer]") -> None:
        """Pictures were answered."""
        for answer in answers:
            self._pictures.labels(str(answer.status)).inc()
            self._faces.inc(len(answer.body.get("faces", ())))
            for stage, seconds in answer.seconds.items():
                self._stages.labels(stage).observe(seconds)

    def count_batch(self, n_pictures: int) -> None:
        """A worker took pictures."""
        self._together.observe(n_pictures)

    def count_event(self, event: str) -> None:
        """Something happened to a worker or a model."""
        self._events.labels(event).inc()

    def to_text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)


class _State(Collector):
    """What is looked up when it is asked for."""

    def __init__(self, crew: "Crew", uploads: "Uploads") -> None:
        self._crew = crew
        self._uploads = uploads

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "maskwise_queue_pictures", "Pictures that wait.", value=self._crew.n_waiting
        )
        yield GaugeMetricFamily(
            "maskwise_upload_bytes", "Of requests in memory.", value=self._uploads.n_bytes
        )
        pids = self._crew.pids
        yield GaugeMetricFamily("maskwise_workers", "Workers that can decide.", value=len(pids))
        yield GaugeMetricFamily(
            "maskwise_worker_memory_bytes",
            "Of all workers together (resident).",
            value=sum(map(_resident_bytes, pids)),
        )
        model = GaugeMetricFamily(
            "maskwise_model", "The model that decides.", labels=("name", "version", "sha256")
        )
        about = self._crew.about
        model.add_metric([about["name"], about["version"], about["sha256"]], 1)
        yield model


def _resident_bytes(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
    except OSError:  # it has just died, or this is no Linux
        pass
    return 0
