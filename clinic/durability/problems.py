"""What can stop a backup or a restore."""


class Problem(Exception):
    """Something a person has to do or to know first; the text is one clear sentence and says what to do."""
