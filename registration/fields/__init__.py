"""Registration fields: what a scope asks of whoever registers for it (CDS-WG1-02 3.5 to 3.7)."""
