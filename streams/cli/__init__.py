"""The command `sendflow`: one file per command, the tree of them in `main.py` (DESIGN 8).

Parses options and prints results; the packages below do the work. typer and rich are imported here
only. `output.py` prints tables, JSON and progress; `options.py` holds the shared options.
"""
