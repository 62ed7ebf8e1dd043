"""Metrics: what figures mean, counters of followers and reads, and whether publications were in time.

Owns streams ``figure-<name>``, ``followers-<channel id>``, ``reads-<article id>``, ``policy-timeliness``,
``timeliness-<publication id>``; listens to content's publications.
"""
