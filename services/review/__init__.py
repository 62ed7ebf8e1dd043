"""Review owns schemes, term lists and cases: who must approve what, what the check looks for, and what was decided.

Streams ``scheme-<id>``, ``terms-<id>`` and ``case-<id>``. It listens to content: articles submitted and taken back.
"""
