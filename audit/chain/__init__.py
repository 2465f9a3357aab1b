"""
The chain over the audit rows: whether a sealed row was changed, taken away, added or moved is found, also by whom may do
anything to the database. How it works and why: docs/decisions/018-the-audit-chain.md.

    folder     what lies outside the database: the key, the heads, the anchors
    links      one link from the one before, and the other uses of the key
    reading    audit rows as they lie in the database, readable or not
    sealing    the one sealer
    verifying  every link again, and what was found
    resuming   going on after a restore or a break, with a record that says so
    standing   one sentence for the start and the health page
"""

from .anchors import Anchor, last_anchor
from .folder import Unusable
from .resuming import resume
from .standing import Lag, lag, trouble

__all__ = ["Anchor", "Lag", "Unusable", "lag", "last_anchor", "resume", "trouble"]
