"""Chain: the only importer of web3; client, artifacts, deployment, keys, and the sender of transactions."""
