"""What the kernel knows of a client and the event loop does not say: whether it reads, whether it left."""

import asyncio
import fcntl
import select
import struct
import termios


def untaken(transport: asyncio.Transport) -> int:
    """Bytes written that the client has not taken yet. While they become fewer it reads, however slowly."""
    unsent = fcntl.ioctl(_descriptor(transport), termios.TIOCOUTQ, bytes(4))
    return transport.get_write_buffer_size() + int(struct.unpack("i", unsent)[0])


def has_reset(transport: asyncio.Transport) -> bool:
    """Whether the client has reset the connection; the event loop notices only while it reads."""
    poll = select.poll()
    poll.register(_descriptor(transport), 0)  # POLLHUP and POLLERR are told unasked
    return bool(poll.poll(0))


def _descriptor(transport: asyncio.Transport) -> int:
    return int(transport.get_extra_info("socket").fileno())
