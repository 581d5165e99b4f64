"""CDS-WG1-02 4: registration requests."""
