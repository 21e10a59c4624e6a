"""Tests of flows: the real task on logs in memory, with a simulated clock (FLOWS "Tests of flows").

`script.py` and `cases.py` read a test file, `world.py` is the task and its outputs, `run.py` runs
a case, `judging.py` compares the outputs with what the case expects.
"""
