"""CDS-WG1-01 8.2; CDS-WG1-02 11: middleware, base of JSON APIs and listings, rate limits."""
