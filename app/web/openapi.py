"""The description of the JSON API (OpenAPI 3.1), written from the shapes that check it."""

from functools import lru_cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from app import __version__
from app.web import api_schemas as shapes

_GIVEN = (shapes.SuggestionAnswer, shapes.DisputeAnswer, shapes.MediatorsAnswer, shapes.AgeingAnswer, shapes.Problem)
_TAKEN = (shapes.SuggestionBody, shapes.DisputeBody)
_NUMBER = {"in": "path", "name": "no", "required": True, "schema": {"type": "string"}, "description": "case number"}
_KEY = {
    "in": "header",
    "name": "Idempotency-Key",
    "required": True,
    "schema": {"type": "string", "minLength": 8, "maxLength": 80},
    "description": "the same key again gives the same case, never a second one",
}


@lru_cache(maxsize=1)
def document() -> dict[str, Any]:
    """Return the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "diandan",
            "version": __version__,
            "description": "Suggestions and disputes for other systems. A key sees what its owner sees.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": _paths(),
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": _schemas(),
        },
    }


def _schemas() -> dict[str, Any]:
    models: list[Any] = [*((each, "validation") for each in _TAKEN), *((each, "serialization") for each in _GIVEN)]
    _, found = models_json_schema(models, ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = found["$defs"]
    return schemas


def _paths() -> dict[str, Any]:
    mediators = [_query(name, words) for name, words in _FILTERS.items()]
    return {
        "/suggestions": {"post": _taking("suggest", shapes.SuggestionBody, 200, shapes.SuggestionAnswer, 415)},
        "/disputes": {
            "post": _taking("logDispute", shapes.DisputeBody, 201, shapes.DisputeAnswer, 403, 415)
            | {"parameters": [_KEY]}
        },
        "/disputes/{no}": {"get": _operation("getDispute", 200, shapes.DisputeAnswer, 404) | {"parameters": [_NUMBER]}},
        "/mediators": {
            "get": _operation("listMediators", 200, shapes.MediatorsAnswer, 422) | {"parameters": mediators}
        },
        "/reports/ageing": {"get": _operation("reportAgeing", 200, shapes.AgeingAnswer)},
    }


_FILTERS = {
    "region": "a region inside the owner's own (a station's: its county)",
    "kind": "administrative, industry or local_elder",
    "type": "a type of dispute that they are good at",
    "q": "a part of the name or title",
    "page": "0 for the first",
}


def _query(name: str, words: str) -> dict[str, Any]:
    return {"in": "query", "name": name, "schema": {"type": "string"}, "description": words}


def _taking(name: str, body: type[BaseModel], status: int, answer: type[BaseModel], *errors: int) -> dict[str, Any]:
    content = {"application/json": {"schema": _ref(body)}}
    operation = _operation(name, status, answer, 400, 413, 422, *errors)
    return operation | {"requestBody": {"required": True, "content": content}}


def _operation(name: str, status: int, answer: type[BaseModel], *errors: int) -> dict[str, Any]:
    responses = {str(status): _answer("done", "application/json", answer)}
    for error in sorted({401, 503, *errors}):
        responses[str(error)] = _answer("refused", "application/problem+json", shapes.Problem)
    return {"operationId": name, "responses": responses}


def _answer(words: str, kind: str, model: type[BaseModel]) -> dict[str, Any]:
    return {"description": words, "content": {kind: {"schema": _ref(model)}}}


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
