"""Exit statuses of a worker, and of each of its processes."""

STOPPED, FAILED, REFUSED = 0, 1, 2
"""REFUSED: only the user can fix it; raised as Refused."""
