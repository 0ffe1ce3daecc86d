"""The key of the customer's pseudonym: made once per home, readable by its owner only."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

from pipelines.durable import sync
from pipelines.errors import UserError
from pipelines.settings import Home, Settings

KEY_FILE: Final = "customer.key"
_MIN_BYTES: Final = 16


def secret_file(home: Home, settings: Settings) -> Path:
    """Where the key lies: `PARSTOCK_CUSTOMER_KEY_FILE`, else `customer.key` in the home, made on first use (mode 0600).

    Raises UserError when a named file is missing.
    """
    if settings.customer_key_file is not None:
        if not settings.customer_key_file.exists():
            where = str(settings.customer_key_file)
            raise UserError("the key of the customer pseudonym is missing", where=where, next_step="set PARSTOCK_CUSTOMER_KEY_FILE")
        return settings.customer_key_file
    path = home.root / KEY_FILE
    if not path.exists():
        _make(path)
    return path


def read_secret(path: Path) -> bytes:
    """The key in a file: hexadecimal digits, or raw bytes. Raises UserError when it is shorter than 128 bits."""
    text = path.read_text("ascii", "replace").strip()
    key = bytes.fromhex(text) if _is_hex(text) else path.read_bytes()
    if len(key) < _MIN_BYTES:
        what = "the key of the customer pseudonym is shorter than 128 bits"
        raise UserError(what, where=str(path), next_step="put 32 random bytes in hex there")
    return key


def _is_hex(text: str) -> bool:
    return len(text) % 2 == 0 and bool(text) and all(letter in "0123456789abcdefABCDEF" for letter in text)


def _make(path: Path) -> None:
    """Make the key under a temporary name and link it into place: of two processes one wins, both then read the same key."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(secrets.token_hex(32) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(partial, path)
    except FileExistsError:
        pass
    finally:
        partial.unlink()
    sync(path.parent)
