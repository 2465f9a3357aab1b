"""Names of the zones as the protocol has them; nothing of the protocol's rules."""


def zone_labels() -> dict[str, str]:
    """Return {zone id: label} of the current protocol; empty while none is loaded."""
    # Imported here: the engine is read when the first name is needed, not at the start of every command.
    from protocols.knowledge import knowledge_of
    from protocols.services import current_version

    version = current_version()
    if version is None:
        return {}
    return {zone["id"]: zone["label"] for zone in knowledge_of(version).document["zones"]}
