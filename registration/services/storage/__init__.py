"""CDS-WG1-02 6.9 (storage limits), 9 (storage limits): how much a party can store, and where."""
