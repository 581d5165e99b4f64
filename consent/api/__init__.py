"""CDS-WG1-02 8.1, 8.4, 8.5: the Grants API."""
