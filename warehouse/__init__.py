"""What is known about each person, and who may read it.

Belongs here: survivorship and the 115 attributes, provenance, snapshots, the query engine, purposes, cross-checks, the encrypted store.
Does not: deciding who is who (resolvers), scheduling (pipelines), pages and commands (desk).
May import: sources, expectations, resolvers.
"""
