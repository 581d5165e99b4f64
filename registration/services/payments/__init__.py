"""CDS-WG1-02 3.6 (fees): fees of a registration, by invoice or by card."""
