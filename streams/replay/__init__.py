"""What happened, from the topics: one customer's timeline, and why."""
