"""Samples in the text form that Prometheus reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector

from pipeline.metrics import ALERT_LATENCY, LATENCY_BUCKETS_S, PREFIX, Metric

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Sample = tuple[Metric, tuple[str, ...], float]


def written(samples: Iterable[Sample], latencies: Sequence[int], latency_sum: float) -> bytes:
    """Write samples and the histogram of latencies, whose counts are by bucket, the last above all bounds."""
    registry = CollectorRegistry()
    registry.register(_Once([*_families(samples), _histogram(latencies, latency_sum)]))
    return generate_latest(registry)


class _Once(Collector):
    """Hand out what was collected."""

    def __init__(self, families: Sequence[Family]) -> None:
        self._found = families

    def collect(self) -> Iterable[Family]:
        return self._found


def _families(samples: Iterable[Sample]) -> Iterator[Family]:
    found: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}
    for metric, labels, value in samples:
        if metric.name not in found:
            kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            found[metric.name] = kind(PREFIX + metric.name, metric.help, labels=metric.labels)
        found[metric.name].add_metric(labels, value)
    yield from found.values()


def _histogram(latencies: Sequence[int], latency_sum: float) -> Family:
    buckets, total = [], 0
    for bound, count in zip((*map(str, LATENCY_BUCKETS_S), "+Inf"), latencies, strict=True):
        total += count
        buckets.append((bound, total))
    return HistogramMetricFamily(
        PREFIX + ALERT_LATENCY.name, ALERT_LATENCY.help, buckets=buckets, sum_value=latency_sum
    )
