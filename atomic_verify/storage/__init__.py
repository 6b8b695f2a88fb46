"""What this side of the chain keeps: blobs by digest, and records in a database.

Life cycle: all steps. `blobs` and `fetch` hold and get payloads; `database`, `tables` and `migrations` are the records'
ground; `indexer` fills projections from the chain's events through the pure folds of `projections`; `queries` reads
them; `intents`, `requests` and `decisions` keep what a process itself did and why.
"""
