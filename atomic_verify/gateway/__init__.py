"""Gateway: the requester's HTTP door to the market."""
