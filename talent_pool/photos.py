"""A photograph for the card: whatever was given is drawn anew as a small JPEG, so that nothing hidden travels on."""

import hashlib
import io

MOST_BYTES = 3 * 2**20
MOST_PIXELS = 40_000_000  # what a phone takes; more is a bomb
EDGE = 360


class PhotoError(ValueError):
    """It is not a picture that can be taken; the message is `size`, `format` or `pixels`."""


def recode(given: bytes) -> bytes:
    """Return a JPEG of at most 360 × 360 pixels, upright, without the place and time that cameras write into it.

    Raises PhotoError for more than 3 MiB, for anything but JPEG, PNG or WebP, and for more than 40 million pixels.
    """
    # Imported late: a tenth of a second that only whoever brings a picture pays.
    from PIL import Image, ImageOps

    if len(given) > MOST_BYTES:
        raise PhotoError("size")
    try:
        with Image.open(io.BytesIO(given), formats=("JPEG", "PNG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise PhotoError("pixels")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
            upright.thumbnail((EDGE, EDGE))
            drawn = io.BytesIO()
            upright.save(drawn, "JPEG", quality=82, optimize=True)
    except PhotoError:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        raise PhotoError("format") from None
    return drawn.getvalue()


def digest(image: bytes) -> str:
    """Return the hash by which a browser tells two pictures apart."""
    return hashlib.sha256(image).hexdigest()
