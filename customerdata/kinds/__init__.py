"""CDS-WG3-01 10.1 to 10.9, 11.6: kinds of objects: fields, wire form, filters, access (ADR 11).

`base` says what a declaration holds, each other file declares one kind, `registry` names them all.
Kinds refer to each other by name, so that none imports another.
"""
