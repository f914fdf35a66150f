"""The gate for DOCX: is the file a ZIP of bounded size with a Word document in it?

In: a path. Out: nothing, or a typed error, before any part is unpacked. What `zipfile` unpacks never exceeds the size the directory
declares, so the declared sizes bound what comes.
"""

from __future__ import annotations

import zipfile
from pathlib import Path

from service.core.errors import EncryptedDocument, LimitExceeded, UnreadableDocument

MAX_PARTS = 20_000
MAX_XML_BYTES = 64 << 20
MAX_PART_BYTES = 256 << 20
MAX_TOTAL_BYTES = 512 << 20
MAX_RATIO = 500  # XML packs 10 to 50 times
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def check_package(path: Path) -> None:
    """Raises UnreadableDocument, EncryptedDocument or LimitExceeded."""
    try:
        with path.open("rb") as stream:
            head = stream.read(8)
    except OSError as error:
        raise UnreadableDocument(f"{path.name}: cannot be opened ({error.strerror or error}).") from error
    if not head:
        raise UnreadableDocument(f"{path.name}: the file is empty.")
    if head == _OLE:
        raise EncryptedDocument(f"{path.name}: an encrypted document, or one of Word's old format. Save it as .docx without a password.")
    try:
        with zipfile.ZipFile(path) as package:
            parts = package.infolist()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise UnreadableDocument(f"{path.name}: not a Word document ({error}).") from error
    names = {part.filename for part in parts}
    if "[Content_Types].xml" not in names or not any(name.startswith("word/") for name in names):
        raise UnreadableDocument(f"{path.name}: not a Word document (no word/document.xml in it).")
    if len(parts) > MAX_PARTS or len(names) < len(parts):
        raise LimitExceeded(f"{path.name}: {len(parts)} parts, more than {MAX_PARTS}, or two of one name.")
    if any(part.flag_bits & 1 for part in parts):
        raise EncryptedDocument(f"{path.name}: encrypted, a password is needed to read it.")
    for part in parts:
        limit = MAX_XML_BYTES if part.filename.endswith((".xml", ".rels")) else MAX_PART_BYTES
        bomb = part.file_size > (1 << 20) and part.file_size > MAX_RATIO * max(1, part.compress_size)
        if part.file_size > limit or bomb:
            raise LimitExceeded(f"{path.name}: {part.filename} unpacks to {part.file_size} bytes, more than is allowed.")
    if sum(part.file_size for part in parts) > MAX_TOTAL_BYTES:
        raise LimitExceeded(f"{path.name}: unpacks to more than {MAX_TOTAL_BYTES >> 20} MiB.")
