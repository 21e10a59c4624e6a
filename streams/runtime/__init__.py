"""The parts of a partition task: inputs and their merge, timers and scans, what is in force, its
customers, what the next transaction holds; and its life cycle.

Pure: no Kafka, no Faust, no wall clock; time comes in as an argument. `merge.py` says which record
is next, `commit.py` what a transaction holds, `lifecycle.py` the states of a task.
"""
