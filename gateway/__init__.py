"""The HTTP door to everything: accounts and keys, routes, the matrix, the console. It imports no service."""
