"""Metrics: what `/metrics` shows. Every label takes its values from the settings or the code.

Names that begin with `gen_ai_` and `http_server_` follow OpenTelemetry's semantic conventions.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from app.exchange import Exchange

SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96)
SHORT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
FIRST_TOKEN_SECONDS = (0.001, 0.005, 0.01, 0.02, 0.04, 0.08, 0.16, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
TOKENS = (1, 4, 16, 64, 256, 1_024, 4_096, 16_384)

Reading = float | Mapping[str, float] | Mapping[tuple[str, str], float]
"""A number, or one for each value of a label, or of two labels."""

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Metrics:
    """All counters of one server, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self._add_http()
        self._add_exchanges()

    def _add_http(self) -> None:
        self._http = Histogram(
            "http_server_request_duration_seconds",
            "Time from a request's headers to the end of its response.",
            ["http_route", "http_request_method", "http_response_status_code"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.in_work = Gauge(
            "http_server_active_requests",
            "Requests with a key in work, without the probes.",
            registry=self.registry,
        )
        self.refused = Counter(
            "penstock_requests_refused_total",
            "Requests refused because a bound was reached, or because they are not HTTP.",
            ["code"],
            registry=self.registry,
        )
        self.loop_lag = Histogram(
            "penstock_event_loop_lag_seconds",
            "How late the event loop ran a timer: above 0.1 s something blocks it.",
            buckets=SHORT_SECONDS,
            registry=self.registry,
        )
        self.task_failures = Counter(
            "penstock_background_failures_total",
            "Runs of a background task that failed; each is tried again.",
            ["task"],
            registry=self.registry,
        )

    def _add_exchanges(self) -> None:
        registry = self.registry
        self._outcomes = Counter(
            "penstock_requests_total",
            "Exchanges by how they ended.",
            ["outcome", "model"],
            registry=registry,
        )
        self._duration = Histogram(
            "gen_ai_server_request_duration_seconds",
            "Time for one exchange: filters, model and record.",
            ["gen_ai_request_model"],
            buckets=SECONDS,
            registry=registry,
        )
        self._first = Histogram(
            "gen_ai_server_time_to_first_token_seconds",
            "Time until the first text of a stream was released.",
            ["gen_ai_request_model"],
            buckets=FIRST_TOKEN_SECONDS,
            registry=registry,
        )
        self._tokens = Histogram(
            "gen_ai_client_token_usage",
            "Tokens read (input) and written (output) for one exchange.",
            ["gen_ai_request_model", "gen_ai_token_type"],
            buckets=TOKENS,
            registry=registry,
        )
        self._model = Histogram(
            "penstock_model_inference_seconds",
            "Time the model worked on one exchange.",
            ["model"],
            buckets=SECONDS,
            registry=registry,
        )
        self._filter = Histogram(
            "penstock_filter_duration_seconds",
            "Time one filter instance worked on one exchange.",
            ["filter", "stage"],
            buckets=SHORT_SECONDS,
            registry=registry,
        )
        self._verdicts = Counter(
            "penstock_filter_verdicts_total",
            "Verdicts by filter instance and action.",
            ["filter", "stage", "action"],
            registry=registry,
        )

    def count_request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count one HTTP request; `route` is the path's template, never the path."""
        known = method if method in _METHODS else "other"
        self._http.labels(route, known, str(status)).observe(seconds)

    def count_exchange(self, exchange: Exchange) -> None:
        """Count a finished exchange; one that was refused before any work is not one.

        Its model is one that is served: names from requests would make endless labels.
        """
        if "total" not in exchange.timings_ms:
            return
        model = exchange.model
        self._outcomes.labels(exchange.outcome, model).inc()
        self._duration.labels(model).observe(exchange.timings_ms["total"] / 1_000)
        if "model" in exchange.timings_ms and exchange.model_version:
            # What was written elsewhere has no version: no model of ours worked on it.
            self._model.labels(model).observe(exchange.timings_ms["model"] / 1_000)
            self._tokens.labels(model, "input").observe(exchange.usage.prompt_tokens)
            self._tokens.labels(model, "output").observe(exchange.usage.completion_tokens)
        for verdict in exchange.verdicts:
            stage = verdict.stage.value
            self._filter.labels(verdict.id, stage).observe(verdict.duration_ms / 1_000)
            self._verdicts.labels(verdict.id, stage, verdict.action.value).inc()

    def count_first_text(self, model: str, seconds: float) -> None:
        """Note how long a stream's client waited for the first text."""
        self._first.labels(model).observe(seconds)

    def gauge(self, name: str, explanation: str, read: Callable[[], Reading], *labels: str) -> None:
        """Show a number that is read whenever the metrics are, or one for each value of `labels`."""
        self.registry.register(_Reading(GaugeMetricFamily, name, explanation, read, labels))

    def counter(
        self, name: str, explanation: str, read: Callable[[], Reading], *labels: str
    ) -> None:
        """Show a number that only grows, or one for each value of `labels`."""
        self.registry.register(_Reading(CounterMetricFamily, name, explanation, read, labels))

    def render(self) -> bytes:
        """Return everything in Prometheus' text format 0.0.4."""
        return generate_latest(self.registry)


class _Reading(Collector):
    """One metric whose value lies elsewhere."""

    def __init__(
        self,
        kind: type[GaugeMetricFamily] | type[CounterMetricFamily],
        name: str,
        explanation: str,
        read: Callable[[], Reading],
        labels: tuple[str, ...],
    ) -> None:
        self._kind = kind
        self._name = name
        self._explanation = explanation
        self._read = read
        self._labels = labels

    def describe(self) -> Iterable[Metric]:
        """Name the metric without reading it."""
        return [self._kind(self._name, self._explanation, labels=self._labels)]

    def collect(self) -> Iterable[Metric]:
        """Read the metric; what cannot be read must not take the others with it."""
        family = self._kind(self._name, self._explanation, labels=self._labels)
        with contextlib.suppress(Exception):
            value = self._read()
            values = value if isinstance(value, Mapping) else {(): value}
            for label, number in values.items():
                family.add_metric([label] if isinstance(label, str) else label, float(number))
        return [family]
