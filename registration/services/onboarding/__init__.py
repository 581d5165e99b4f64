"""CDS-WG1-02 3.6: what a registration has to do before production use."""
