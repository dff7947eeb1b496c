"""What a delivery must fulfil.

Belongs here: row-level quarantine, cell flags, the Great Expectations suites and their Data Docs, all derived from the contracts.
Does not: reading files (sources), repairing values.
May import: sources. The only room that imports great_expectations.
"""
