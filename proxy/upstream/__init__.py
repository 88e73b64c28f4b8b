"""The way to the backends: connections, pools, one exchange over its tries; knows nothing of who asks.

The exchange pushes what comes from the backend into a `Sink`, without a task or a future a request. The
express lane, the ASGI app and the httpx transport are three sinks over this one core.
"""
