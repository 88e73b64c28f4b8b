"""Banyan: a strangler-fig reverse proxy."""
