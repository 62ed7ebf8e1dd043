"""The golden year 2021: a synthetic year whose totals are those of a real publicity office's report."""
