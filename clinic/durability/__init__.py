"""Backups that can be read again: made while the clinic works, proved by restoring them, warned of before they are missed."""
