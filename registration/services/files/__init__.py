"""CDS-WG1-02 9 (upload): files that the utility provides."""
