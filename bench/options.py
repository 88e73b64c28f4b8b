"""What every table is told: how long, how often, against whom, and where to put its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.machine import Cores
from bench.peers import PEERS, USUAL
from bench.peers.base import Peer


@dataclass(frozen=True, slots=True)
class Options:
    """`seconds` is the length of one run, `minutes` that of the soak; `peers` are keys of PEERS."""

    folder: Path
    cores: Cores
    rounds: int = 3
    seconds: int = 1
    minutes: float = 10.0
    peers: Sequence[str] = USUAL

    def chosen(self, *only: str) -> list[Peer]:
        """The peers asked for that are installed, in the order of the tables; of `only` these, when given."""
        wanted = set(self.peers) & set(only) if only else set(self.peers)
        return [peer for key, peer in PEERS.items() if key in wanted and not peer.missing()]

    def left_out(self) -> list[str]:
        """A remark for each peer asked for that is not on this machine."""
        return [
            f"{PEERS[key].title} was left out: `{PEERS[key].binary}` is not installed."
            for key in self.peers
            if PEERS[key].missing()
        ]

    def room(self, name: str) -> Path:
        """A folder for one table's files."""
        return self.folder / name
