"""CDS-WG1-02 3.3 to 3.9: scopes and registration fields that a deployment offers, purposes."""
