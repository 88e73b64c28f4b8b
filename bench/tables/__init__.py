"""One file per table. Each has `run(options) -> Report`."""
