"""One declaration for each kind of object that has a listing (CDS-WG3-01 10); see ADR 11.

`base` says what a declaration holds, each other file declares one kind, `registry` names them all.
Kinds refer to each other by name, so that none imports another.
"""
