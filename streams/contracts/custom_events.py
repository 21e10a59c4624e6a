"""Events of custom metrics: one schema for all of them, `CustomEvent`, whose map of fields is
checked against the definition in force when the event is processed."""

from collections.abc import Callable, Mapping
from typing import Any

from streams.contracts.fields import (
    EVENT_FIELDS,
    FieldsRead,
    WrongEvent,
    event_check,
    typed_custom_fields,
)
from streams.contracts.record_reader import only_fields
from streams.contracts.schemas import Contract
from streams.engine import Event
from streams.engine.values import (
    CUSTOM_METRICS_TOPIC,
    PROPERTIES,
    Field,
    FieldType,
    Metric,
    nearest_name,
)
from streams.ports import Record

RECORD = "CustomEvent"
"""The name of the schema."""

CustomMetric = Callable[[str], Metric | None]
"""The definition in force of a custom metric; None for an unknown name."""

_SAME_FOR_ALL = Metric(
    CUSTOM_METRICS_TOPIC,
    {"metric": Field(FieldType.TEXT), PROPERTIES: Field(FieldType.TEXT_MAP, is_optional=True)},
)


def no_custom_metrics(_metric: str) -> None:
    """For readers without definitions."""
    return


class CustomEventReader:
    """Reads the fields of the schema, decoded from Avro or JSON."""

    name = RECORD
    topic = CUSTOM_METRICS_TOPIC

    def __init__(
        self, contract: Contract, fields_read: FieldsRead, custom_metric: CustomMetric
    ) -> None:
        fields = [one for one in contract.schema["fields"] if one["name"] != "fields"]
        self._check = event_check(_SAME_FOR_ALL, {**contract.schema, "fields": fields})
        self._fields_read = fields_read
        self._custom_metric = custom_metric

    def read(self, written: dict[str, Any], record: Record) -> Event:
        """Returns the event, with the fields that the definitions read. Raises WrongEvent."""
        common = self._check(written)
        name = common["metric"]
        metric = self._custom_metric(name)
        if metric is None:
            raise WrongEvent(f"metric {name!r} is neither built in nor defined in flows/metrics/")
        given = written.get("fields")
        if given is not None and not isinstance(given, dict):
            raise WrongEvent(f"field 'fields' is {given!r}, expected an object of fields")
        data = typed_custom_fields(metric, given or {})
        if _has_properties(metric):
            data[PROPERTIES] = common[PROPERTIES]
        data = only_fields(data, self._fields_read(name))
        return Event(name, common["event_id"], common["customer_id"], common["occurred_at"], data)

    def as_written(self, name: str, metric: Metric, event: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the fields of the schema for an event given as a dict: `event_id`, `customer_id`,
        `occurred_at` and the fields of the metric. Raises WrongEvent."""
        shared = {**event, "metric": name}
        if not _has_properties(metric):
            shared.pop(PROPERTIES, None)
        common = self._check(shared)
        known = EVENT_FIELDS.keys() | metric.fields.keys()
        for other in sorted(event.keys() - known):
            nearest = nearest_name(other, known)
            meant = f"; did you mean {nearest!r}?" if nearest else ""
            raise WrongEvent(f"field {other!r} is not known{meant}")
        fields = typed_custom_fields(metric, dict(event))
        given = {name: value for name, value in fields.items() if value is not None}
        return {**common, "fields": given}


def _has_properties(metric: Metric) -> bool:
    """False where the shop defines a field of that name for the metric."""
    field = metric.fields.get(PROPERTIES)
    return field is not None and not field.is_custom
