"""Which records speak of one person, and which addresses of one dwelling.

Belongs here: standardisation for linkage, mentions, signatures, the Splink model, clusters, the person registry, addresses and places.
Does not: choosing values for a profile (warehouse).
May import: sources, expectations. The only room that imports splink.
"""
