"""The demo: a real shop's year as events, decided by real workers on the embedded broker.

`retail.py` reads the invoices, `simulation.py` adds simulated events around them, `run.py` is the
course of the demo, `outcome.py` its closing figures.
"""
