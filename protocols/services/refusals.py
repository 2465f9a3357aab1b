"""Why a step on a protocol version is not taken."""


class ProtocolRefused(Exception):
    """The step is not allowed; the message says why and what to do."""


class VersionTaken(ProtocolRefused):
    """Another document already has this version name. `taken` says which; the message adds what to do."""

    def __init__(self, taken: str, advice: str = ""):
        super().__init__(f"{taken} {advice}".strip())
        self.taken = taken


class StaleDraft(Exception):
    """Somebody saved the draft after it was opened. `version` is the row as it stands now, `since` their edits (ProtocolEdit)."""

    def __init__(self, version, since):
        super().__init__(f"Protocol {version.version} was changed meanwhile")
        self.version = version
        self.since = since


class ChangedMeanwhile(ProtocolRefused):
    """What the person read, or compared with, is not what stands any more."""


class ApprovalBlocked(ProtocolRefused):
    """Conditions of approval that do not hold: `blocks`, in sentences."""

    def __init__(self, blocks):
        super().__init__(" ".join(blocks))
        self.blocks = list(blocks)
