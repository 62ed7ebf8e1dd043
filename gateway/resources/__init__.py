"""What answers on the gateway's routes: a class per plural noun."""
