"""Feeds: every module of feeds.yaml as a data product, written as files or answered one request at a time.

Belongs here: what a feed promises (declared, terms, compatibility), its rows (rows, figures), files and manifests (files, products),
what changed since the last one (changes), when it is due and how long it is kept (building, retention), answers to single requests
(answers), lists of consents (consents).
Does not: who a reader is (warehouse/access), the audit log (warehouse/audit), figures that must not be told (warehouse/disclosure).
"""
