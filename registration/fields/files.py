"""Files inside JSON: Base64 of an image or a PDF (CDS-WG1-02 3.7)."""

import base64
import binascii
import io
from dataclasses import dataclass

from registration.fields.types import MEGABYTE

DEFAULT_MAX_SIZE = 5 * MEGABYTE
MAX_PIXELS = 16_000_000
_IMAGE_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}
_EXTENSIONS = {"image/png": "png", "image/jpeg": "jpg", "application/pdf": "pdf"}


@dataclass(frozen=True, slots=True)
class SubmittedFile:
    """A file whose content was checked against its type."""

    content: bytes
    mime_type: str

    @property
    def extension(self) -> str:
        """The extension of its file name."""
        return _EXTENSIONS[self.mime_type]


def read_image(value: object, *, max_size: int | None) -> SubmittedFile:
    """Return a PNG or JPEG image. Raises ValueError with the rule that it violates."""
    content = decode(value, max_size=max_size)
    return SubmittedFile(content, image_type(content))


def read_pdf(value: object, *, max_size: int | None) -> SubmittedFile:
    """Return a PDF file. Raises ValueError with the rule that it violates."""
    return pdf_file(decode(value, max_size=max_size), max_size=max_size)


def pdf_file(content: bytes, *, max_size: int | None) -> SubmittedFile:
    """Return the content if its first and last bytes are those of a PDF file.

    Nothing here parses the rest: staff open it, with a viewer that is made for untrusted files.
    Raises ValueError with the rule that it violates.
    """
    limit = max_size or DEFAULT_MAX_SIZE
    if len(content) > limit:
        raise ValueError(f"must be a file of at most {limit} bytes")
    if not content.startswith(b"%PDF-") or b"%%EOF" not in content[-2048:]:
        raise ValueError("must be a PDF file")
    return SubmittedFile(content, "application/pdf")


def decode(value: object, *, max_size: int | None) -> bytes:
    """Return the bytes of standard Base64 (RFC 4648 4); the size is checked before decoding."""
    limit = max_size or DEFAULT_MAX_SIZE
    if not isinstance(value, str):
        raise ValueError("must be a Base64 string")
    if len(value) > 4 * ((limit + 2) // 3):
        raise ValueError(f"must be a file of at most {limit} bytes before Base64")
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("must be Base64 without line breaks or other characters") from error
    if not content:
        raise ValueError("must not be an empty file")
    if len(content) > limit:
        raise ValueError(f"must be a file of at most {limit} bytes before Base64")
    return content


def image_type(content: bytes) -> str:
    """Return the MIME type of a readable image; the size in pixels is checked before decoding."""
    # Slow to import, and only registrations with images need it.
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content), formats=list(_IMAGE_TYPES)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise ValueError(f"must have at most {MAX_PIXELS} pixels")
            image.load()
            return _IMAGE_TYPES[str(image.format)]
    except (UnidentifiedImageError, OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError("must be a PNG or JPEG image") from error


def as_png(content: bytes, *, longest_side: int) -> bytes:
    """Redraw an image as a PNG within the given size: nothing but its pixels is kept.

    Raises ValueError for anything that is not a PNG or JPEG image.
    """
    from PIL import Image

    image_type(content)
    with Image.open(io.BytesIO(content), formats=list(_IMAGE_TYPES)) as image:
        drawn = image.convert("RGBA")
    drawn.thumbnail((longest_side, longest_side))
    clean = Image.new("RGBA", drawn.size)
    clean.paste(drawn)
    out = io.BytesIO()
    clean.save(out, format="PNG", optimize=True)
    return out.getvalue()
