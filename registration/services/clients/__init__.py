"""CDS-WG1-02 5, 11.1; CDS-WG3-01 8: Client objects, from change to production."""
