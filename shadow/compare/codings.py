"""Content codings (RFC 9110 §8.4): gzip, deflate, br and zstd, undone within a bound."""

import sys
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, cast

import brotli

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

from shadow.compare.model import OverLimit


@dataclass(frozen=True, slots=True)
class Content:
    """A body without its codings. fault: what was wrong with them; data is then what could be read."""

    data: bytes
    fault: str = ""


class _Broken(Exception):
    """A coded body that ends early or is none; carries what could be read."""

    def __init__(self, data: bytes, reason: str) -> None:
        super().__init__(reason)
        self.data = data


def decode(body: bytes, codings: list[str], limit: int) -> Content:
    """Undo the codings of a Content-Encoding, the last one first; OverLimit beyond `limit` bytes."""
    data = body
    for coding in reversed(codings):
        decoder = _DECODERS.get(coding)
        if decoder is None:
            return Content(data, f"the content coding {coding} is not known")
        try:
            data = decoder(data, limit) if data else data
        except _Broken as broken:
            return Content(broken.data, f"{coding}: {broken}")
    if len(data) > limit:
        raise OverLimit(f"the body is over {limit} bytes")
    return Content(data)


_MEMBERS = 1000  # taking the next one off copies the rest
_MEMBER = b"\x1f\x8b"  # how each member of a gzip file begins (RFC 1952 §2.3.1)


def _bounded(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise OverLimit(f"the decoded body is over {limit} bytes")
    return data


def _zlib(wbits: int, data: bytes, limit: int) -> bytes:
    """All members of a gzip file, or one zlib stream; what follows them is nothing, as to browsers."""
    out = b""
    for _ in range(_MEMBERS):
        if not data:
            return out
        member = zlib.decompressobj(wbits)
        try:
            out += member.decompress(data, limit + 1 - len(out))
        except zlib.error as error:
            raise _Broken(out, str(error)) from None
        _bounded(out, limit)
        if not member.eof:
            raise _Broken(out, "ends early")
        data = member.unused_data if member.unused_data.startswith(_MEMBER) else b""
    raise OverLimit(f"the body is of over {_MEMBERS} parts")


def _gzip(data: bytes, limit: int) -> bytes:
    return _zlib(16 + zlib.MAX_WBITS, data, limit)


def _deflate(data: bytes, limit: int) -> bytes:
    """zlib's format as RFC 9110 §8.4.1.2 says, or the raw one that some servers send instead."""
    headed = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
    return _zlib(zlib.MAX_WBITS if headed else -zlib.MAX_WBITS, data, limit)


class _Brotli(Protocol):
    """brotli.Decompressor as it is since 1.2; its published types lag behind."""

    def process(self, data: bytes, *, output_buffer_limit: int) -> bytes: ...
    def is_finished(self) -> bool: ...


def _brotli(data: bytes, limit: int) -> bytes:
    decompressor = cast(_Brotli, brotli.Decompressor())
    out, fed = b"", data
    try:
        while not decompressor.is_finished() and len(out) <= limit:
            more = decompressor.process(fed, output_buffer_limit=limit + 1 - len(out))
            if not more and not fed:
                break
            out, fed = out + more, b""
    except brotli.error as error:
        raise _Broken(out, str(error)) from None
    _bounded(out, limit)
    if not decompressor.is_finished():
        raise _Broken(out, "ends early")
    return out


def _zstd(data: bytes, limit: int) -> bytes:
    """All frames, with windows of at most 8 MiB (RFC 9659 §3)."""
    out = b""
    for _ in range(_MEMBERS):
        if not data:
            return out
        frame = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: 23})
        try:
            out += frame.decompress(data, limit + 1 - len(out))
        except zstd.ZstdError as error:
            raise _Broken(out, str(error)) from None
        _bounded(out, limit)
        if not frame.eof:
            raise _Broken(out, "ends early")
        data = frame.unused_data
    raise OverLimit(f"the body is of over {_MEMBERS} parts")


_DECODERS: Mapping[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
    "identity": lambda data, limit: _bounded(data, limit),
}
