"""
What one person alone must not do unseen: giving or taking over the authority of a medical lead or a manager, and shortening how
long records are kept. A second person agrees to it, or a stated time passes; either way everybody who answers for the clinic is
told until they have read it (docs/decisions/024-two-people-know.md).
"""
