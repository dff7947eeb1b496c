"""The outbox: what departments are told of alerts, each message once.

Belongs here: messages in the office (tables.py), making them from a run (queueing.py), files (tables of lines: rendering.py; folders that
appear whole: folders.py), sending what waits (sending.py).
Does not: finding alerts (warehouse/cross_checks), their life (warehouse/alerts). The office holds no value of a record: what a message
says is rendered from the snapshot when it is sent.
"""
