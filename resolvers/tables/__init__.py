"""Any table: linking and deduplicating lists that are no city, by a model that stands in a file.

Belongs here: the model file (spec), reading tables (reading), preparing columns (preparing), training (training), the engine (engine),
the models that are shipped (models/*.json), looking at unknown tables (profiling, proposal), measures against a truth (measures).
Does not: what is special to persons of the city (resolvers/linkage), clustering itself (resolvers/clustering).
"""
