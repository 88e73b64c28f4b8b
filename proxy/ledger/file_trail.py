"""Goes by routes.yaml: drops the overrides that fall by it, and audits each route that it moves.

Any number of replicas read a new file; the first to come does it, once.
"""

import json
from collections.abc import Mapping

from sqlalchemy import Connection

from proxy.ledger import audit, overrides, settings
from proxy.ledger.audit import Author
from proxy.ledger.positions import Intent

_SAID = "file-positions"
_NOWHERE = "no such route"


def follow(connection: Connection, author: Author, intents: Mapping[str, Intent]) -> None:
    """Goes by a file, which may be the same as before."""
    dropped = overrides.drop_changed(connection, author, intents)  # from here on nobody else does the same
    says = {route: str(intent.position) for route, intent in intents.items()}
    said: dict[str, str] = json.loads(settings.agree(connection, _SAID, json.dumps(says)))
    if said == says:
        return
    for route in sorted((said.keys() | says.keys()) - set(dropped)):
        was, became = said.get(route, _NOWHERE), says.get(route, _NOWHERE)
        if was != became:
            audit.record(connection, author, "edit", route, was, became)
    settings.put(connection, _SAID, json.dumps(says))
