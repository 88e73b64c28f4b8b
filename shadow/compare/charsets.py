"""Bytes → text as declared, unless the bytes say otherwise; and text that went through the wrong charset."""

import codecs
import re
from dataclasses import dataclass

# Longest first: the UTF-32 mark begins with the UTF-16 one.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# WHATWG Encoding §4.2: what calls itself latin-1 or ASCII is read as windows-1252, which holds both.
_AS_WINDOWS = frozenset(("iso8859-1", "ascii"))
# Charsets in which UTF-8's bytes are letters too, so that text in UTF-8 can pass for them.
_ONE_BYTE = ("iso8859-", "cp125", "ascii", "koi8", "mac")
# A UTF-8 lead byte and its continuation, as one-byte charsets show them.
_SCRAMBLED = re.compile("[Â-ô][\u0080-¿‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ€]")


@dataclass(frozen=True, slots=True)
class Text:
    """A decoded body.

    charset: what the bytes are. contradicted: the declared charset, where the bytes are in another one.
    marked: a byte order mark was taken off.
    """

    text: str
    charset: str
    contradicted: str = ""
    marked: bool = False


def canonical(charset: str) -> str:
    """Python's name of a charset, or its lower-case self if it has none."""
    try:
        return codecs.lookup(charset).name
    except LookupError:
        return charset.lower()


def decode(body: bytes, declared: str) -> Text:
    """Text of a body whose declared charset ("" for none: UTF-8) may be wrong."""
    for mark, marked in _MARKS:
        if body.startswith(mark):
            # Each script file that was saved with a mark printed one before PHP printed the body.
            return Text(body.decode(marked, errors="replace").lstrip("\ufeff"), marked, marked=True)
    charset = canonical(declared or "utf-8")
    text = None if charset.startswith(_ONE_BYTE) and _is_utf8(body) else _decoded(body, charset)
    if text is not None:
        return Text(text, charset)
    contradicted = "" if body.isascii() else charset
    if _is_utf8(body):
        return Text(body.decode(), "utf-8", contradicted)
    return Text(_windows(body), "cp1252", contradicted)


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _decoded(body: bytes, charset: str) -> str | None:
    if charset in _AS_WINDOWS or charset == "cp1252":
        return _windows(body)
    try:
        return body.decode(charset)
    except (UnicodeDecodeError, LookupError):
        return None


def _windows(body: bytes) -> str:
    """windows-1252 as browsers read it: the five bytes it leaves out are control characters."""
    try:
        return body.decode("cp1252")
    except UnicodeDecodeError:
        return "".join(_windows_byte(byte) for byte in body)


def _windows_byte(byte: int) -> str:
    try:
        return bytes((byte,)).decode("cp1252")
    except UnicodeDecodeError:
        return chr(byte)


def is_mojibake(one: str, other: str) -> bool:
    """Whether one string is the other with its UTF-8 bytes read as latin-1 or windows-1252."""
    if one.isascii() and other.isascii():
        return False
    return _unscrambled(one, other) or _unscrambled(other, one)


def _unscrambled(garbled: str, clean: str) -> bool:
    if not _SCRAMBLED.search(garbled):
        return False
    return _reread(garbled) == clean


def _reread(garbled: str) -> str | None:
    """The text whose UTF-8 was read one byte a letter, in latin-1 or as `_windows` does."""
    try:
        return codecs.charmap_encode(garbled, "strict", _BYTES)[0].decode()
    except UnicodeError:
        return None


# The byte of each letter that latin-1 or windows-1252 shows.
_BYTES = {byte: byte for byte in range(256)} | {ord(_windows_byte(byte)): byte for byte in range(256)}
