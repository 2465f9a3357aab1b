"""Passwords that are printed once, for people who have none yet."""

import secrets

# Without letters and digits that are read for one another on a screen or on paper.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"


def first_password() -> str:
    """Four groups of five, about 99 bits."""
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(5)) for _ in range(4))
