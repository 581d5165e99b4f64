"""Requests to other servers, with an end, and never to what only we can reach (CDS-WG1-02 11)."""
