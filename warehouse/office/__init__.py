"""The office: what people and machines do with the results of runs, kept in a transactional database.

Belongs here: the database itself (SQLite in the home, PostgreSQL by ONEGRID_OFFICE_DSN), its migrations, sealing of what it holds.
Does not: tables and rules of single subjects (warehouse/access, alerts, outbox, changes, feeds, subjects).

The office holds ids, states, days and names of accounts. Values of records and natural keys stay in the encrypted store; here
stand keyed digests of them, and what people write (comments, reasons) is sealed with the key of the installation.
"""
