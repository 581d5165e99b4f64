"""CDS-WG1-02 3.4 (documentation), 3.6 (pages): pages for developers."""
