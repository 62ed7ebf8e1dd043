"""The composition root: the ``matrix`` command, the hosts of the services, and how the platform is put up."""
