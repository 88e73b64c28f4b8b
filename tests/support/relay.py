"""A TCP relay between a client and a server on this machine that can fall silent, or break at a word."""

import contextlib
import socket
import threading


class Relay:
    """Forwards connections to a port of 127.0.0.1, each by two threads, until it is closed."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._flowing = threading.Event()
        self._flowing.set()
        self._break_at = b""
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def silence(self) -> None:
        """From now on nothing is forwarded, and nothing is closed: as if a cable had been pulled."""
        self._flowing.clear()

    def speak(self) -> None:
        """Forwards again, beginning with what was held back."""
        self._flowing.set()

    def break_at(self, word: bytes) -> None:
        """Passes on what a client sends next with this word in it, but no answer to it: both are cut off."""
        self._break_at = word

    def close(self) -> None:
        self._closed = True
        self._listener.shutdown(socket.SHUT_RDWR)  # ends a wait for the next connection
        self._listener.close()
        self._hang_up()
        self._flowing.set()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while not self._closed:
                client = self._kept(self._listener.accept()[0])
                server = self._kept(socket.create_connection(("127.0.0.1", self._target)))
                threading.Thread(target=self._pump, args=(client, server, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()
        if self._closed:  # meanwhile: what was accepted last is closed here
            self._hang_up()

    def _kept(self, end: socket.socket) -> socket.socket:
        with self._lock:
            self._sockets.append(end)
        return end

    def _pump(self, source: socket.socket, sink: socket.socket, from_client: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                breaks = from_client and self._break_at and self._break_at in data
                if breaks:
                    self._break_at = b""
                    # The client is cut off first, so that the answer cannot reach it.
                    source.shutdown(socket.SHUT_RDWR)
                sink.sendall(data)
                if breaks:
                    break
            sink.shutdown(socket.SHUT_WR)

    def _hang_up(self) -> None:
        with self._lock:
            ends, self._sockets = self._sockets, []
        for end in ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
