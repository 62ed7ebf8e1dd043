"""What every request passes through, outermost first: front, cross-origin rules, gate."""
