"""The views of a worker's port as plain data: health, status, one customer's state.

Knows the task's types and no web framework: the routes are Faust's (worker/faust/routes.py).
"""
