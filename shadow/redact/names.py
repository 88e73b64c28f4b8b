"""What a field's name says about its value: nothing, or that it must not be stored."""

import re
from collections.abc import Sequence
from enum import Enum
from functools import lru_cache
from itertools import pairwise
from unicodedata import normalize
from urllib.parse import unquote

from shadow.compare.words import words


class Secret(Enum):
    """What is done with a value; the first of these that holds is done."""

    DROP = "drop"  # nothing of it is kept: CVV, PIN, track data
    CARD = "card"  # first six and last four digits
    HASH = "hash"  # a keyed hash, so that equality stays visible


_NAMES = {
    Secret.DROP: words(
        """
        cvv cvv2 cvc cvc2 csc cid cvn cvd cv2 securitycode cardcode pin track1 track2 track trackdata
        cvvcode cvccode cvvnumber cvnumber cvdvalue cardverification verificationvalue
        verificationcode pincode pinblock
        """
    ),
    Secret.CARD: words("pan cardnumber cardno ccnumber"),
    Secret.HASH: words(
        """
        password passwd pwd pass passphrase passwordconfirm passwordconfirmation secret clientsecret secretkey
        apikey accesskey privatekey subscriptionkey token bearer jwt otp authorization proxyauthorization
        authenticationinfo cookie setcookie signature sig cres pares pareq creq session sessionid
        phpsessid
        """
    ),
}
# Names that nothing else ends in, so that they are known also where case does not tell words apart.
_ENDS = words(
    """
    cvv cvv2 cvc cvc2 securitycode cardcode verificationvalue cardnumber password passwd secret apikey token
    signature authorization
    """
)
_CARDS = words("card creditcard debitcard paymentcard cc")
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_KEYS = re.compile(r"[^\[\]./'\"@$:*]+")
_MOST_WORDS = 3


def secret_of(keys: Sequence[str]) -> Secret | None:
    """What the names on the way to a value say, the outermost first: `card`, `number`.

    A name counts by its last words, whatever their case and what joins them: `cardCvc`, `X-Api-Key`,
    `csrf_token`.
    """
    found = {_of_name(key) for key in keys}
    if any(_is_card_number(*pair) for pair in pairwise(keys)):
        found.add(Secret.CARD)
    return next((secret for secret in Secret if secret in found), None)


def keys_of(path: str) -> list[str]:
    """The names in a path of any style, a form field's or a header's name; indexes left out."""
    path = unquote(path) if "%" in path else path
    return [key for key in _KEYS.findall(path.removeprefix("header:")) if not key.isdecimal()]


@lru_cache(maxsize=8192)
def _of_name(name: str) -> Secret | None:
    endings = _endings(normalize("NFKC", name[:200]))
    endings |= {ending.removesuffix("s") for ending in endings}  # several of them
    return next((secret for secret, names in _NAMES.items() if not names.isdisjoint(endings)), None)


def _endings(name: str) -> set[str]:
    """The last one, two and three words of a name, joined; and the whole of it without what joins it."""
    parts = [word.lower() for word in _WORDS.findall(name)]
    joined = {"".join(parts[-count:]) for count in range(1, min(len(parts), _MOST_WORDS) + 1)}
    squeezed = re.sub(r"[-_\s]", "", name).lower()
    ends = {end for end in _ENDS if squeezed.removesuffix("s").endswith(end)}
    return joined | {squeezed, *ends, *_with_digits(parts)}


def _with_digits(parts: Sequence[str]) -> set[str]:
    """`cvv2` and `track_1` end in a number that belongs to the name; `cvv_3` is the third CVV."""
    return {parts[-2]} if len(parts) > 1 and parts[-1].isdecimal() else set()


@lru_cache(maxsize=8192)
def _is_card_number(parent: str, name: str) -> bool:
    name, parent = name[:200], parent[:200]
    return bool(_endings(name) & {"number", "num", "no"}) and not _CARDS.isdisjoint(_endings(parent))
