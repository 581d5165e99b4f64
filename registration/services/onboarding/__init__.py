"""CDS-WG1-02 3.6: what a registration does before production use."""
