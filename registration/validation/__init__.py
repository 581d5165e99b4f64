"""CDS-WG1-02 4.1 (values), 5.1 (values); CDS-WG1-01 4.3 (maps): checks of input; GeoJSON."""
