"""What departments deliver, read without loss.

Belongs here: the contracts and code lists, readers, typed reading of cells, the delivery ledger, histories, and the synthetic city.
Does not: judging rows (expectations), deciding who is who (resolvers), profiles (warehouse).
May import: nothing else of ours.
"""
