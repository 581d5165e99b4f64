"""CDS-WG3-01 8.3; CDS-WG1-02 3.3 (offers), 3.5 (offers): what a deployment offers, purposes."""
