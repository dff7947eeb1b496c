"""The life of alerts: what the book in the office knows of each, from the run that found it to the one that closed it.

Belongs here: tables (tables.py), states and the steps between them (states.py), bringing a run into the book (recording.py), what people
do with an alert (lifecycle.py), due dates (due.py).
Does not: finding alerts (warehouse/cross_checks), sending them (warehouse/outbox), who may answer (warehouse/access).
"""
