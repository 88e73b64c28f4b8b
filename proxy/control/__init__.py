"""The control plane: health, metrics and the API, on a port of its own, in a process of its own."""
