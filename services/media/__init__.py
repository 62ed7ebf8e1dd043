"""Owns assets (files with their renditions), shoots and live streams.

Streams ``asset-<id>``, ``shoot-<id>``, ``live-<id>``, ``person-<id>``. Listens to nobody.
"""
