"""JSON request bodies in, checked frozen models out. Whatever is not named here is refused; it knows nothing about answering."""

from __future__ import annotations

import unicodedata
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException

from service.core.types import Filters

MAX_QUESTION = 2000
MAX_HISTORY = 20
MAX_ANSWER, MAX_QUOTE, MAX_CITATIONS = 32_000, 8_000, 200
"""Characters of a saved answer and of one of its quotes, and citations of it, that are checked again."""
_LINE_BREAKS_AND_TABS = "\n\r\t"

FilterField = Literal["document_id", "product", "manufacturer", "doc_type", "language", "revision"]


def _printable(text: str) -> str:
    """Refuse control characters other than line breaks and tabs, and characters that no UTF-8 text can hold."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in _LINE_BREAKS_AND_TABS:
            raise ValueError(f"must not contain the control character U+{ord(character):04X}")
    return text


def _something(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_printable)]
Question = Annotated[Text, Field(min_length=1, max_length=MAX_QUESTION), AfterValidator(_something)]
Name = Annotated[Text, Field(min_length=1, max_length=200)]
FilterValue = Annotated[list[Name], Field(min_length=1, max_length=50), BeforeValidator(_as_list, json_schema_input_type=str | list[str])]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class Turn(_Body):
    """One earlier question of the conversation and its answer."""

    question: Question
    answer: Annotated[Text, Field(max_length=8000)]


class AskBody(_Body):
    """Body of `POST /v1/ask`."""

    question: Question
    filters: dict[FilterField, FilterValue] = Field(default_factory=dict)
    mode: Literal["auto", "extractive", "llm"] = "auto"
    stream: bool = False
    session_id: Name | None = None
    user_id: Name | None = None
    history: Annotated[list[Turn], Field(max_length=MAX_HISTORY)] = Field(default_factory=list)


class SearchBody(_Body):
    """Body of `POST /v1/search`."""

    question: Question
    filters: dict[FilterField, FilterValue] = Field(default_factory=dict)
    k: int = Field(default=10, ge=1, le=100)
    whole: bool = Field(default=False, description="Give each hit's whole table, procedure or section, hits of one merged.")


class FeedbackBody(_Body):
    """Body of `POST /v1/feedback`."""

    trace_id: str = Field(pattern="^[0-9a-f]{32}$")
    helpful: bool
    comment: Annotated[Text, Field(max_length=2000)] | None = None


class _Saved(BaseModel):
    """Part of an answer that was kept: what is not needed to check it is let pass."""

    model_config = ConfigDict(extra="ignore", strict=True, frozen=True, hide_input_in_errors=True)


class SavedCitation(_Saved):
    """One citation of a saved answer."""

    marker: int = Field(ge=0, le=9999)
    document_id: Annotated[Text, Field(max_length=200)]
    file: Annotated[Text, Field(max_length=1000)] = ""
    title: Annotated[Text, Field(max_length=1000)] = ""
    revision: Annotated[Text, Field(max_length=200)] | None = None
    page: int = Field(ge=0, le=10_000_000)
    section: Annotated[list[Annotated[Text, Field(max_length=2000)]], Field(max_length=50)] = Field(default_factory=list)
    quote: Annotated[Text, Field(max_length=MAX_QUOTE)]


class SavedNotice(_Saved):
    """One notice of a saved answer."""

    marker: int = Field(ge=0, le=9999)


class SavedAnswer(_Saved):
    """Body of `POST /v1/verify`: an answer as `POST /v1/ask` gave it."""

    answer: Annotated[Text, Field(max_length=MAX_ANSWER)]
    citations: Annotated[list[SavedCitation], Field(max_length=MAX_CITATIONS)]
    notices: Annotated[list[SavedNotice], Field(max_length=MAX_CITATIONS)] = Field(default_factory=list)


def as_filters(filters: dict[FilterField, list[str]]) -> Filters:
    """What the stores take."""
    return {field: tuple(dict.fromkeys(values)) for field, values in filters.items()}


B = TypeVar("B", bound=BaseModel)


def json_body(model: type[B]) -> Callable[[Request], Awaitable[B]]:
    """A FastAPI dependency that reads the request's body as this model: 415 unless it is declared as JSON, 400 unless it is JSON in
    UTF-8, 422 unless it fits."""

    async def read(request: Request) -> B:
        kind, _, parameters = request.headers.get("content-type", "").partition(";")
        if kind.strip().lower() != "application/json" or ("charset" in parameters.lower() and "utf-8" not in parameters.lower()):
            raise HTTPException(415, "Send the body as JSON in UTF-8, with `Content-Type: application/json`.")
        return parse(model, await request.body())

    return read


def parse(model: type[B], raw: bytes) -> B:
    """The model from JSON bytes. Raises HTTPException 400 for what is no JSON, RequestValidationError for what does not fit."""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise HTTPException(400, f"The body is not UTF-8 (byte {error.start}).") from error
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        if problems[0]["type"] != "json_invalid":
            raise RequestValidationError(problems) from error
        if "surrogate" in problems[0]["msg"] or "hex escape" in problems[0]["msg"]:
            raise RequestValidationError([{"loc": (), "msg": "contains a \\u escape that is no character (half of a pair)"}]) from error
        raise HTTPException(400, f"The body is not JSON. {problems[0]['msg']}.") from error


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The OpenAPI description of a body that `json_body` reads."""
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": model.model_json_schema()}}}}
