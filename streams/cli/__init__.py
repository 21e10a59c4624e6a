"""The command `sendflow`: one file per command or group of commands, the tree in `main.py`.

Parses options and prints results; the packages below do the work. typer and rich are imported here
only. `output.py` prints tables, JSON and progress; `options.py` holds the shared options. Two
commands of a group have their own file: `flows test` in `test.py`, `flows backfill` in
`backfill.py`.
"""
