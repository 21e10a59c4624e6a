"""The store of a task's state: a cache of the changelog, never ahead of it.

rocksdict is imported here only. `rocks.py` is the store on disk, `memory.py` the one in
memory (both behind `ports.Store`), `layout.py` the keys.
"""
