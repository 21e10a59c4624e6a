"""Avro in and out: schemas, events in, effects out, dead letters, control records.

fastavro is imported here only. `decode.py` turns a record into an event or a rejection;
`encode.py` turns effects into records; `dead_letters.py` is what a dead letter holds; `wire.py`
distinguishes the framings of a record (DESIGN 7).
"""
