"""CDS-WG1-02 4, 11.4: registration requests, and the Clients created from them."""
