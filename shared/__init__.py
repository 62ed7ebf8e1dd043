"""The kernel: what every service is built of. It knows no service and no gateway."""
