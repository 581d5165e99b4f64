"""CDS-WG1-02 4.1, 5.1: values that strangers send, read and judged without a database."""
