"""HTTP/1 on the wire, without sockets: strict request framing, field rules, response framing.

One unambiguous reading of every message, or a refusal. That is what keeps a second request from being
smuggled past the proxy (RFC 9112 §11.2), so nothing here is lenient where two readers could disagree.
"""
