"""CDS-WG1-02 9: files that the utility provides."""
