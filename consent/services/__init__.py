"""CDS-WG1-02 8 (changes); CDS-WG3-01 9 (changes): Grants and authorization requests."""
