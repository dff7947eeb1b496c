"""What the residents themselves may ask: everything held about them, who looked, corrections, restrictions.

Belongs here: the report about one person (report.py), requests and their way to the owning department (requests.py, tables.py).
Does not: who may ask for whom (warehouse/access), words and pages (desk).
"""
