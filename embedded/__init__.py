"""PostgreSQL and Valkey from wheels, so that `make demo` and `make test` need no server.

Nothing here imports Django: the settings need DATABASE_URL, which exists only once this package
has started the servers. `python -m embedded --help` lists the verbs.
"""
