"""`onegrid subject`: what residents may ask about themselves.

Belongs here: the report as a page and as JSON (page.py, words.py), commands' bodies (asking.py).
Does not: gathering and routing (warehouse/subjects), who may ask (warehouse/access).
"""
