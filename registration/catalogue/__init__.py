"""CDS-WG1-02 3.3, 3.4, 3.8 to 3.10; CDS-WG3-01 5.2: what scopes and their fields are.

`types` defines the entries and keeps the registries, `formats` checks values, `offers` turns an
entry and a deployment's settings into metadata, `checks` finds settings the standard forbids.
"""
