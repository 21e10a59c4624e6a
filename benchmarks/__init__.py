"""Measurements: the whole job against its peers, and the parts of it. Never a test."""
