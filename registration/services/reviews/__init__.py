"""CDS-WG1-02 6.3, 6.9: what staff decide about requests and submissions."""
