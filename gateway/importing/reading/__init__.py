"""From a file's bytes to rows: pure, and run in a process of its own (``program``), as files may be hostile."""
