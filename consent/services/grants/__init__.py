"""CDS-WG1-02 8: Grants, from beginning to end, and who may change them."""
