"""What review publishes (``events``) and what it may be asked (``requests``)."""
