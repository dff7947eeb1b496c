"""Reading of single cells: text as sent in, typed value out, by the contract.

Belongs here: SQL that reads cells (macros.py), code lists as lookup tables (codes.py), the typed SELECT of a category (reading.py).
Does not: judging what was read (expectations).
"""
