"""CDS-WG1-01 and CDS-WG1-02 3.1, 3.2: metadata documents and coverage."""
