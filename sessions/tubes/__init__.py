"""A patient's own blood, checked against the patient by two people before it is used."""
