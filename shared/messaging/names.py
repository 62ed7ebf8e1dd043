"""Keys of a container's configuration, and the header of a request."""

SETTINGS, CONSUMERS, LADDER = "SETTINGS", "CONSUMERS", "LADDER"
DEADLINE = "deadline"  # milliseconds since the epoch after which nobody waits for the answer
