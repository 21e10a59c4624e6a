"""Importing: events of files and of the demo into the input topics, live or as a history.

`encoding.py` makes records, `sorting.py` sorts events by time, `writing.py` writes them to
Kafka, `past_import.py` imports a history in simulated time (DESIGN 5.7).
"""

DAYS_AFTER_LAST_EVENT = 30
"""Days for which simulated time continues after the last event: waits that are open come due."""
