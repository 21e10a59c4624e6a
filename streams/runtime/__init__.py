"""The parts of a partition task: inputs and their merge, timers and scans, definitions in force,
customers, the next transaction; and the life cycle.

Pure: no Kafka, no Faust, no wall clock; time is an argument. `agenda.py` chooses the next thing to
do, `time_policy/` holds the differences between live and simulated time, `records.py` dispatches
records, `acting.py` decides about a customer, `commit.py` holds the content of a transaction,
`lifecycle.py` the states of a task.
"""
