"""The demo's story: everything is started, used the way people use it, checked, and ended."""
