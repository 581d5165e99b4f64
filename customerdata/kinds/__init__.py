"""CDS-WG3-01 10.1 to 10.9, 11.6: one declaration for each kind of object with a listing; ADR 11.

`base` says what a declaration holds, each other file declares one kind, `registry` names them all.
Kinds refer to each other by name, so that none imports another.
"""
