"""Tests of flows: the real task on logs in memory, with a simulated clock (FLOWS "Tests of
flows")."""
