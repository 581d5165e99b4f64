"""Requests to other servers, with a time limit and never to private networks (CDS-WG1-02 11)."""
