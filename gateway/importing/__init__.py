"""Import of articles and figures from files: what platforms export, and our own tables."""
