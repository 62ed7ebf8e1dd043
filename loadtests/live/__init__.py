"""Load of a live event: ``python -m loadtests.live --shape spike --viewers 5000`` (``make load``)."""
