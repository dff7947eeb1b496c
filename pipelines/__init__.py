"""The order in which everything happens.

Belongs here: Dagster assets, checks, jobs, sensors and schedules: thin shells around functions of the other rooms.
Does not: decisions worth a unit test.
May import: every other room. The only room that imports dagster.
"""
