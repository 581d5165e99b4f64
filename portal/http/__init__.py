"""CDS-WG1-01 8.2; CDS-WG1-02 11; CDS-WG3-01 12.2: middleware, JSON APIs, listings, limits."""
