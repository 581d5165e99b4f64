"""CDS-WG1-02 8: Grants, from their beginning to the end, and who may change them."""
