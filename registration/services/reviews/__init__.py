"""CDS-WG1-02 6.3 (decisions), 6.9 (decisions): what staff decide about requests."""
