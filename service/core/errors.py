"""Every error this project raises on purpose, in one tree. "Refused" and "no evidence" are results, not errors.

    EvdocsError
    +-- SettingsError          a setting is unknown, malformed or out of range
    +-- InvalidRequest         the caller sent something that cannot be served
    |   +-- UnknownDocument    no document, page or job of that name
    +-- IndexUnavailable       there is no index to answer from
    |   +-- IndexIncompatible  there is one, built with another embedder, analyzer or chunker
    +-- StoreUnavailable       the vector store does not answer (retryable)
    +-- ModelUnavailable       an embedder, reranker or generator cannot be loaded or does not answer
    +-- Overloaded             too many requests wait already (retryable)
    +-- DeadlineExceeded       the request ran out of its time
    +-- IngestBusy             another ingest run holds the home folder
    +-- UnreadableDocument     a file cannot be parsed; names the cause
        +-- EncryptedDocument  it needs a password
        +-- LimitExceeded      it needs more memory, time, pages or bytes than allowed

The table from error to HTTP status is in `service/app.py`. Adapters translate foreign exceptions into these.
"""

from __future__ import annotations


class EvdocsError(Exception):
    """Root of the tree; its text is written for the person who has to act on it."""

    retryable = False


class SettingsError(EvdocsError):
    """A setting is unknown, malformed or out of range."""


class InvalidRequest(EvdocsError):
    """The caller sent something that cannot be served."""


class UnknownDocument(InvalidRequest):
    """No document, page or job of that name."""


class IndexUnavailable(EvdocsError):
    """There is no index to answer from."""


class IndexIncompatible(IndexUnavailable):
    """The index was built with another embedder, analyzer or chunker version."""


class StoreUnavailable(EvdocsError):
    """The vector store does not answer."""

    retryable = True


class ModelUnavailable(EvdocsError):
    """A model cannot be loaded or does not answer."""


class Overloaded(EvdocsError):
    """Too many requests wait already."""

    retryable = True


class DeadlineExceeded(EvdocsError):
    """The request ran out of its time."""

    retryable = True


class IngestBusy(EvdocsError):
    """Another ingest run holds the home folder."""

    retryable = True


class UnreadableDocument(EvdocsError):
    """A file cannot be parsed."""


class EncryptedDocument(UnreadableDocument):
    """The file needs a password."""


class LimitExceeded(UnreadableDocument):
    """The file needs more memory, time, pages or bytes than allowed."""
