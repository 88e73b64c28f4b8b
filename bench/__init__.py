"""Measures the proxy beside its peers. `python -m bench --help` lists the tables; see docs/performance.md."""
