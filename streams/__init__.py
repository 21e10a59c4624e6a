"""Sendflow: decides, per customer and in the moment, which message a shop should send."""

__version__ = "0.1.0"
