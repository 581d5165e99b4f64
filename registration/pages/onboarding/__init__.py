"""CDS-WG1-02 3.6 (pages): the pages where a registration meets its requirements."""
