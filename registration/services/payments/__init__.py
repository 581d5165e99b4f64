"""CDS-WG1-02 3.6: fees of a registration, by invoice or card."""
