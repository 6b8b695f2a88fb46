"""EZKL circuits of critical steps: build, check, prove, verify. Nothing else imports ezkl, and this only in a child."""
