"""The 115 attributes, one module per group of the dictionary.

Belongs here: for every attribute which records may state it and how their values become one, as `attributes.yaml` and
its clarifications say. Every module names its `ATTRIBUTES` and has `build(con, build)`, which makes one table
`attr_<name>(person_id, value, record_id)` per attribute with one row per person with a value; record_id is the
winning record, NULL where several records or other attributes make the value. Lists have a row for everybody.
Does not: the ranking rules (warehouse/survivorship.py), the order of the modules and the wide table
(warehouse/profile.py).
"""
