"""Chain: the only package that speaks to a node or holds keys: client, events, deployment, sender of transactions."""
