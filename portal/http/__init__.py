"""Requests and answers: middleware, JSON APIs, listings, limits, errors (CDS-WG1-02 2, 11)."""
