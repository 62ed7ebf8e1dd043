"""What metrics publishes (``events``) and what it may be asked (``requests``)."""
