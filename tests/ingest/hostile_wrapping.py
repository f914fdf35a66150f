"""Crafted hostile files, a builder each: what is wrapped around pages. `WRAPPED_FILES` has them by name."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable

import pypdf
from rawpdf import CATALOG, TEXT, changed, flate, objects, stream, written

Builder = Callable[[], bytes]
WRAPPED_FILES: dict[str, Builder] = {}


def hostile(build: Builder) -> Builder:
    """Register a builder under its name."""
    WRAPPED_FILES[build.__name__] = build
    return build


@hostile
def cut_in_the_middle() -> bytes:
    whole = changed({}, content=TEXT * 500)
    return whole[: len(whole) // 2]


@hostile
def two_files_in_one() -> bytes:
    return written(objects(TEXT)) + written(objects(TEXT.replace(b"7 Nm", b"9 Nm")))


@hostile
def a_web_page_that_is_a_pdf() -> bytes:
    return b"<!DOCTYPE html><script>alert(1)</script>\n<!--\n" + written(objects()) + b"\n-->"


@hostile
def an_archive_that_is_a_pdf() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a", b"\0" * 10_000_000)
    return written(objects()) + archive.getvalue()


@hostile
def a_header_and_ten_megabytes_of_nothing() -> bytes:
    return b"%PDF-1.7\n" + b"\0" * 10_000_000


@hostile
def a_header_and_noise() -> bytes:
    return b"%PDF-1.7\n" + random.Random(2).randbytes(3_000_000)


@hostile
def objects_without_any_cross_reference() -> bytes:
    whole = written(objects())
    return whole[: whole.rindex(b"xref\n0")]


@hostile
def actions_scripts_and_attachments() -> bytes:
    own = {
        6: b"<< /S /JavaScript /JS (app.launchURL\\('http://127.0.0.1:9/'\\);) >>",
        7: b"<< /S /Launch /F (/bin/sh) /Win << /F (cmd.exe) >> >>",
        8: b"<< /Type /Filespec /F (../../evil) /EF << /F 9 0 R >> >>",
        9: flate(b"\0" * 1_000_000, b"/Type /EmbeddedFile"),
    }
    names = b"/Names << /EmbeddedFiles << /Names [(e) 8 0 R] >> /JavaScript << /Names [(j) 6 0 R] >> >>"
    return changed(own, catalog=b"/OpenAction 6 0 R /AA << /WC 7 0 R >> " + names, page=b"/AA << /O 7 0 R >>")


def _encrypted(change: Callable[[bytes], bytes], algorithm: str = "RC4-128", password: str = "") -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(written(objects())))
    writer.encrypt(user_password=password, owner_password="owner", algorithm=algorithm)
    output = io.BytesIO()
    writer.write(output)
    return change(output.getvalue())


@hostile
def encrypted_with_a_password() -> bytes:
    return _encrypted(bytes, "AES-256", "secret")


@hostile
def encrypted_by_an_unknown_cipher() -> bytes:
    return _encrypted(lambda made: made.replace(b"/Standard", b"/Sandbard"))


@hostile
def encrypted_with_a_key_of_a_million_bits() -> bytes:
    return _encrypted(lambda made: made.replace(b"/Length 128", b"/Length 1000000").replace(b"/R 3", b"/R 9"))


@hostile
def metadata_with_control_characters_and_broken_utf16() -> bytes:
    title = b"<feffd800004100000007202e0042d83d>"
    own = {6: b"<< /Title %s /Author (\x00\x1b[31m\\377\\376) /Subject <ff> /CreationDate (D:99999999999999) >>" % title}
    return written({**objects(), **own}, b"/Root 1 0 R /Info 6 0 R")


@hostile
def metadata_that_multiplies_its_entities() -> bytes:
    entities = b"".join(b'<!ENTITY e%d "%s">' % (level, b"&e%d;" % (level - 1) * 10) for level in range(1, 12))
    packet = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "boom">' + entities + b"]><x>&e11;</x>"
    return changed({6: stream(packet, b"/Type /Metadata /Subtype /XML")}, catalog=b"/Metadata 6 0 R")


@hostile
def catalog_that_is_its_own_everything() -> bytes:
    ring = b"<< /Type /Catalog /Pages 1 0 R /Kids [1 0 R] /Parent 1 0 R /Count 1 /Outlines 1 0 R /First 1 0 R /Next 1 0 R /Names 1 0 R >>"
    return written({CATALOG: ring})
