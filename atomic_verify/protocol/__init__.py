"""Protocol: the rules of a job as pure functions, mirrored from the contracts. No I/O, no clock, no chain.

`types` are the records, `ids` their hashes, `quotes` the signed offers, `terms` what a market takes, `auction` who
wins, `settlement` who is paid, `lifecycle` what may happen next; `events` and `intents` are what
`chain` and `storage` share.
"""
