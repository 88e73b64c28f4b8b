"""Minutes of mixed load while backends come and go: every byte is checked, and nothing may grow."""
