"""CDS-WG1-02 5: reading, changing and reviewing Client objects; their production counterparts."""
