"""Tables of names."""


def words(text: str) -> frozenset[str]:
    """The words of a text: a long table stays readable, and stays a table."""
    return frozenset(text.split())
