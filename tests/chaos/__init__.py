"""`make chaos`: clients write through the API while processes, network, broker, database, disk and clock fail."""
