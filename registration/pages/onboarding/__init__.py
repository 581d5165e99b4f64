"""CDS-WG1-02 3.6 (pages): the pages on which a registration meets its requirements."""
