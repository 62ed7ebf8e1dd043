"""The five services. Each owns its own log; none imports another."""
