"""CDS-WG3-01 7.3.8, 9, 11.4; CDS-WG1-02 8.3: authorization requests; terms and end of a Grant."""
