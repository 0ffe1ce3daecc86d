"""Nothing personal is kept: which fields are dropped, how text is masked, and the customer's pseudonym."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import re
from functools import lru_cache
from typing import Any, Final

MASK: Final = "[masked]"
MAX_PAYLOAD: Final = 2_000
"""Longer payloads are cut: enough to recognise the line by."""

_SPLIT: Final = re.compile(r"[A-Z]?[a-z0-9à-ÿ]+|[A-Z0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# A field is dropped when one of its words says what it is …
_PERSONAL_WORDS: Final = _words(
    "email mail courriel phone telephone téléphone mobile cellphone fax tel street rue address addr adresse address1 address2 "
    "postcode postalcode zip zipcode firstname lastname surname forename fullname prenom prénom nickname birthdate birthday "
    "dob iban passport ssn passwort password login username ip useragent latitude longitude signature cardholder "
    # what people write about their purchase tells who they are
    "comment comments verbatim verbatims commentaire commentaires"
)
# … or when it is somebody, …
_PEOPLE: Final = _words(
    "customer client buyer shopper user member guest person contact recipient consignee cashier employee operator clerk "
    "acheteur caissier caissiere vendeur patient subscriber visitor"
)
_ABOUT_PEOPLE: Final = _PEOPLE | _words(
    "staff seller first last full given family middle shipping billing delivery ship bill holder household loyalty card"
)
# … or a name or a number of somebody.
_NAMES: Final = frozenset({"name", "nom", "names"})
_NUMBERS: Final = frozenset({"id", "no", "number", "nr", "code", "key", "ref", "login", "handle", "uuid", "gid"})
# In French, and in what was put into English word by word, it stands in front: "Nom du client", "N° carte".
_FIRST_WORDS: Final = _NAMES | _NUMBERS | _words("n numero numéro num identifiant référence reference")
_OWNERS: Final = _PEOPLE | _words("loyalty card carte fidelite fidélité titulaire porteur vendeuse")
_POSTAL_PAIRS: Final = frozenset({("post", "code"), ("postal", "code"), ("zip", "code"), ("e", "mail"), ("birth", "date")})

_MAIL: Final = re.compile(r"[\w.+%-]+@[\w-]+(?:\.[\w-]+)*", re.UNICODE)
_PHONE: Final = re.compile(r"(?<![\w.-])(?:\+|00)\d[\d .()/-]{6,}\d|(?<![\w.:-])0\d(?:[ .-]?\d{2}){4}(?![\w-])")
_NAMED_VALUE: Final = re.compile(r'"([^"\\]{1,64})"\s*:\s*("(?:[^"\\]|\\.)*"?|[^,}\]]*)')


@lru_cache(maxsize=4096)
def is_personal(field: str) -> bool:
    """Whether a field of this name tells who somebody is or where to reach them; such a field never reaches the disk.

    >>> [name for name in ("customer_name", "eMail", "shippingAddress1", "item_name", "customerSegment", "loyalty_no") if is_personal(name)]
    ['customer_name', 'eMail', 'shippingAddress1', 'loyalty_no']
    >>> [name for name in ("Nom du client", "N° carte", "Code article", "Libellé client", "N° ticket") if is_personal(name)]
    ['Nom du client', 'N° carte']
    """
    words = [word.lower() for word in _SPLIT.findall(field)]
    if any(word in _PERSONAL_WORDS or word.rstrip("0123456789") in _PERSONAL_WORDS for word in words):
        return True
    if any(pair in _POSTAL_PAIRS for pair in itertools.pairwise(words)):
        return True
    if not words or words == ["name"] or words == ["nom"]:
        return bool(words)
    if len(words) == 1:
        return words[0] in _PEOPLE
    if words[0] in _FIRST_WORDS and any(word in _OWNERS for word in words[1:]):
        return True
    return any(word in _ABOUT_PEOPLE for word in words) and (words[-1] in _NAMES or words[-1] in _NUMBERS)


def mask(text: str) -> str:
    """The text with everything that looks like a mail address or a phone number masked.

    >>> mask("call jean@example.org or +33 6 12 34 56 78")
    'call [masked] or [masked]'
    """
    if "@" in text:
        text = _MAIL.sub(MASK, text)
    return _PHONE.sub(MASK, text)


def mask_unparsed(text: str) -> str:
    """What may be kept of a line that could not be read: personal fields' values, mails and phones masked, cut to 2,000 characters.

    >>> mask_unparsed('{"customer_name": "Jean Petit", "quantity": 1, "docum')
    '{"customer_name": "[masked]", "quantity": 1, "docum'
    """

    def hide(match: re.Match[str]) -> str:
        name = match.group(1)
        if is_personal(name) or name in ("customer_key", "customer_id"):
            return f'"{name}": "{MASK}"'
        return match.group(0)

    return mask(_NAMED_VALUE.sub(hide, text[: MAX_PAYLOAD * 4]))[:MAX_PAYLOAD]


def prune(value: Any, dropped: set[str]) -> Any:
    """A nested value without its personal fields, at any depth; text in it masked. Names of dropped fields go to `dropped`."""
    if isinstance(value, dict):
        kept = {}
        for name, inner in value.items():
            if is_personal(name) or name in ("customer_id", "customer_key"):
                dropped.add(name)
            else:
                kept[name] = prune(inner, dropped)
        return kept
    if isinstance(value, list):
        return [prune(inner, dropped) for inner in value]
    if type(value) is str:
        return mask(value)
    return value


def pseudonym(secret: bytes, customer: str) -> str:
    """The customer's pseudonym: HMAC-SHA-256 under the home's key, 32 hex digits; the same customer always has the same.

    >>> pseudonym(b"k" * 32, "C-1") == pseudonym(b"k" * 32, "C-1") != pseudonym(b"l" * 32, "C-1")
    True
    """
    return hmac.new(secret, customer.encode("utf-8"), hashlib.sha256).hexdigest()[:32]
