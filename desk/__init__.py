"""What people touch: the command line (later the HTTP API and the pages).

Belongs here: parsing of arguments, rendering of answers, the demo.
Does not: rules about data; they live in the rooms behind it.
May import: every other room.
"""
