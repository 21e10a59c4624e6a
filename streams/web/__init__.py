"""What the worker's port shows, as plain data."""
