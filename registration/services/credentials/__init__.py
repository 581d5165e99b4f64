"""CDS-WG1-02 7: secrets of Clients, from creation to expiry."""
