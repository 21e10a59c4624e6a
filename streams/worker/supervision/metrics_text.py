"""The metrics of several processes as one text for Prometheus, with a label `process`.

Samples of a metric must stand together, so the texts can't simply follow each other. Nothing is
added up: the label tells the tasks' and the processes' samples apart.
"""

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

LABEL = "process"


class _Families(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        yield from self._families


def merged_metrics(texts: Mapping[int, str], own: Iterable[Metric]) -> bytes:
    """One text of those of the processes, by number, and of `own` metrics, which have the label
    already."""
    families: dict[str, Metric] = {}
    for number, text in texts.items():
        for family in text_string_to_metric_families(text):
            merged = families.setdefault(
                family.name, Metric(family.name, family.documentation, family.type)
            )
            merged.samples += [_labelled(sample, number) for sample in family.samples]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families([*own, *families.values()]))
    return generate_latest(registry)


def process_metrics(starts: Mapping[int, int], running: Iterable[int]) -> list[Metric]:
    """The supervisor's own metrics. `starts`: by process, the number of its starts; `running`: the
    processes that run."""
    up = GaugeMetricFamily("sendflow_process_up", "1 while the process runs.", labels=[LABEL])
    counter = CounterMetricFamily(
        "sendflow_process_starts", "Starts of the process, the first included.", labels=[LABEL]
    )
    are_running = set(running)
    for number, count in starts.items():
        up.add_metric([str(number)], number in are_running)
        counter.add_metric([str(number)], count)
    return [up, counter]


def _labelled(sample: Sample, number: int) -> Sample:
    return sample._replace(labels={LABEL: str(number), **sample.labels})
