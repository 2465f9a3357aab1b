"""Recall of a lot: blocked at once, who was treated with it, and how far telling them has come."""
