"""Benchmarks: one command, JSON results, side by side with what a user would pick instead."""
