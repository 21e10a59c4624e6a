"""A real shop's year as events, and the broker that the demo runs it through."""
