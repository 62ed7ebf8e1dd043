"""Content: units, channels, articles and their publication.

Owns streams ``unit-<id>``, ``channel-<id>``, ``article-<id>``, ``person-<id>``; listens to review's decisions.
"""
