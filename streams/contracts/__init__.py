"""Avro in and out: schemas, events in, effects out, dead letters, control records."""
