"""What content publishes (``events``) and what it may be asked (``requests``)."""
