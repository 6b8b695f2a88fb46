"""Requests of more than one job: splitting, merging, failover. Not built yet."""
