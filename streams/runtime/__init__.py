"""The parts of a partition task: inputs and their merge, timers and scans, what is in force, its
customers, what the next transaction holds; and its life cycle.

Pure: no Kafka, no Faust, no wall clock; time comes in as an argument. `agenda.py` says what is
next, `time_policy/` what that depends on in live and in simulated time, `records.py` what becomes
of a record, `acting.py` how a customer is decided about, `commit.py` what a transaction holds,
`lifecycle.py` the states of a task.
"""
