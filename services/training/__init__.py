"""Training: sessions and who attended them.

Owns streams ``session-<id>``, ``person-<id>``; listens to nobody.
"""
