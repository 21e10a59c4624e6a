"""Tests of flows: the real task on logs in memory, with a simulated clock (FLOWS "Tests of flows").

`script.py` and `cases.py` read a test file, `world.py` is the shop it plays in, `run.py` runs a
case, `compare.py` holds the outcome against what the case expects.
"""
