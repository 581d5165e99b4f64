"""CDS-WG1-02 3.5, 3.7; CDS-WG3-01 5.1: registration fields, their types and formats."""
