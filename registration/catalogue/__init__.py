"""The catalogue of scopes and authorization details fields: one source of truth.

`types` says what an entry is and keeps the registries, `formats` checks values, `offers` turns an
entry and a deployment's settings into metadata, `checks` finds settings the standard forbids.
"""
