"""Append-only log of who saw and did what. Write to it with `audit.services.record`."""
