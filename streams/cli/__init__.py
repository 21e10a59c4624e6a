"""The command `sendflow`: a file per command, the tree of them in `main.py` (DESIGN 8)."""
