"""What training publishes (``events``) and what it may be asked (``requests``)."""
