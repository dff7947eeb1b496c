"""Commands of the command line, by what they are for: running, reading, places, linking.

Belongs here: arguments, options and their help. Does not: the work itself; each command calls one function of another module of desk.
"""
