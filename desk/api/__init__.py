"""The HTTP API of an installation: the same reads and decisions as the command line, through the same gate.

Belongs here: the application (app.py), open snapshots (store.py), routes by subject. Does not: rules about who may read what
(warehouse/access), answers themselves (warehouse), the command that serves it (desk/commands/running.py).
"""
