"""Readers: one module per form of delivery. All read every cell as text; nothing is coerced.

Belongs here: bytes or exchange tables to the staging table (sources.readers.staging).
Does not: manifests, the ledger, typed values.
"""
