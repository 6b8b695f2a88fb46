"""The worker's daemon: it does strangers' jobs for pay, and loses its bond when it doesn't.

`worker` is the loop, `bidding` decides prices, `stages` has one module for each step of a job's life, `server` is the
HTTP door that serves outputs and quotes.
"""
