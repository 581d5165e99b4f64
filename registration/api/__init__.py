"""CDS-WG1-02 5.3, 5.4, 6.8, 6.10, 7.3, 7.4, 9, 11.2; CDS-WG1-01 8.1: HTTP of the admin APIs."""
