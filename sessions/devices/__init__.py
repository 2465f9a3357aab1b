"""The register of devices: serial number, limits of the label, service and cleaning."""
