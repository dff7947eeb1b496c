"""Mutual updates: what another department knows better than a record on file, offered to the record's department.

Belongs here: what may be offered to whom (rules.py), finding it (building.py), the life of an offer in the office (tables.py,
recording.py, lifecycle.py).
Does not: visits (warehouse/visits hands its proposals over), alerts. An offer changes no record: the department does, with its delivery.
"""
