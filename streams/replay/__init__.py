"""Replay: one customer's timeline from the topics, with the reason of each decision.

`history.py` reads the records of a customer, `timeline.py` puts them in order, `decision_text.py`
and `event_text.py` write each of them as a line of text.
"""
