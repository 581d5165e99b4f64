"""CDS-WG3-01 10.8.1 to 10.8.7: values of usage, their formats and wire form; no models."""
