"""The worker: a member of the group, and the tasks that it was assigned.

Only here Faust is imported. `process.py` is the life of a worker, `tasks.py` the tasks that live
here, `opening.py` how one is opened.
"""
