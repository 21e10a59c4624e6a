"""Replay: one customer's timeline from the topics, with the reason of each decision.

`history.py` reads the records of a customer, `explain.py` puts them in order, `wording.py` and
`event_wording.py` say them as people read them.
"""
