"""CDS-WG1-02 6.9 (room), 9 (room): how much a party may store, and where files are kept."""
