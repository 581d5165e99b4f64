"""CDS-WG1-02 6.9, 11.3: how much a party may store, and where its files lie."""
