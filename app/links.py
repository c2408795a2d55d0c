"""Links that open one side's ballot or one mediator's question: derived from the key, so that slips can be reprinted,
while the database holds only hashes and gives nobody away."""

import base64
import hashlib
import hmac
from dataclasses import dataclass

CODE_DIGITS = 10


@dataclass(frozen=True)
class Links:
    """Makes tokens and short codes for invitations, and the addresses that carry them."""

    base_url: str
    key: str

    def token(self, nonce: str) -> str:
        """Return the 192-bit token (32 characters) of an invitation."""
        return base64.urlsafe_b64encode(self._derive("token", nonce)[:24]).decode("ascii")

    def code(self, nonce: str) -> str:
        """Return the short code to type by hand: ten digits, tried at most a few times per address."""
        return str(int.from_bytes(self._derive("code", nonce)[:16], "big") % 10**CODE_DIGITS).zfill(CODE_DIGITS)

    def keyed(self, use: str, text: str) -> str:
        """Return what the database keeps of a few digits: without the key nobody can try them all."""
        return self._derive(use, text).hex()

    def url(self, token: str) -> str:
        """Return the address that goes into the QR code."""
        return f"{self.base_url}/o/{token}"

    def _derive(self, use: str, nonce: str) -> bytes:
        return hmac.new(self.key.encode(), f"invitation:{use}:{nonce}".encode(), hashlib.sha256).digest()


def fingerprint(secret: str) -> str:
    """Return what the database keeps of a token or code."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def show_code(code: str) -> str:
    """Return a code as people read it aloud: 123 456 7890."""
    return f"{code[:3]} {code[3:6]} {code[6:]}"
