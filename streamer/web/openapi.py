"""The service described for programs, as OpenAPI 3.1, and the same as a page for people."""

from html import escape
from typing import Any

from streamer import __version__
from streamer.analysis import features
from streamer.config import RATES_HZ
from streamer.settings.description import Setting
from streamer.settings.io import TEMPO
from streamer.web.config import FOR_CLIENTS
from streamer.web.predict import CHANNEL, MEDIA_TYPES

Schema = dict[str, Any]

_TYPES = {"int": "integer", "note": "integer", "size": "integer", "float": "number", "bool": "boolean"}
_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_WHOLE: Schema = {"type": "integer"}
_ERROR = {"type": "object", "required": ["error", "request_id"], "properties": {"error": _TEXT, "request_id": _TEXT}}
_NOTE = {
    "type": "object",
    "required": ["onset_s", "offset_s", "midi", "emit_s", "note", "name", "velocity", "latency_ms"],
    "properties": {
        "onset_s": _NUMBER | {"description": "Where people would mark its beginning, in seconds."},
        "offset_s": _NUMBER | {"description": "Where it ends."},
        "midi": _NUMBER | {"description": "Fractional median pitch."},
        "emit_s": _NUMBER | {"description": "How much sound was needed to decide it."},
        "note": _WHOLE | {"minimum": 0, "maximum": 127},
        "name": _TEXT,
        "velocity": _WHOLE | {"minimum": 1, "maximum": 127},
        "latency_ms": _NUMBER,
    },
}
_NOTES = {
    "type": "object",
    "required": ["request_id"],
    "properties": {
        "rate_hz": _WHOLE,
        "duration_s": _NUMBER,
        "count": _WHOLE,
        "broken": {
            "description": "Where the sound breaks off before the end that the file promises; null where it does not.",
            "type": ["object", "null"],
            "required": ["at_s", "reason"],
            "properties": {"at_s": _NUMBER, "reason": _TEXT},
        },
        "notes": {"type": "array", "items": {"$ref": "#/components/schemas/Note"}},
        "scores": {"type": "array", "items": {"type": "array", "items": _NUMBER}},
        "settings": {"type": "object"},
        "request_id": _TEXT,
    },
}
_BINARY = {"type": "string", "contentMediaType": "application/octet-stream"}
_REFUSALS = {
    400: "The request is not of the form that is described here.",
    401: "A token is needed.",
    403: "Pages of this origin may not use the service.",
    406: "There is no such form of the answer.",
    408: "The request did not come in time.",
    413: "It is too large.",
    422: "It is no sound that can be used; the line says why.",
    429: "That is too often.",
    503: "Too much is under way; come again.",
}
_SAMPLES = {
    "type": "object",
    "required": ["samples", "sample_rate"],
    "properties": {
        "samples": {"type": "array", "items": _NUMBER, "minItems": 1, "description": "Mono, full scale +-1."},
        "sample_rate": {"type": "integer", "minimum": RATES_HZ[0], "maximum": RATES_HZ[1]},
    },
}


def document() -> Schema:
    """The description of every path."""
    paths = {
        "/healthz": _get("Whether it lives.", "no token is needed"),
        "/model": _get("The card of the model: what it was made of."),
        "/settings": _get("The settings that clients may choose."),
        "/metrics": _get("Counts for Prometheus.", kind="text/plain"),
        "/openapi.json": _get("This description."),
        "/predict": {"post": _predict("predict")},
        "/transcribe": {"post": _predict("transcribe")},
    }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "streamer",
            "version": __version__,
            "license": {"name": "GPL-3.0-or-later", "identifier": "GPL-3.0-or-later"},
            "description": "Pitch to notes. Live streams go over WebSockets, to /stream; their protocol is documented.",
        },
        "paths": paths,
        "components": {
            "schemas": {"Note": _NOTE, "Notes": _NOTES, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def page() -> str:
    """The same for people: no script, nothing from elsewhere."""
    described = document()
    rows = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            rows.append(f"<h2><code>{method.upper()} {escape(path)}</code></h2><p>{escape(operation['summary'])}</p>")
            parameters = operation.get("parameters", [])
            if parameters:
                rows.append("<table><thead><tr><th>in the query</th><th>type</th><th></th></tr></thead><tbody>")
                rows += [_row(parameter) for parameter in parameters]
                rows.append("</tbody></table>")
            answers = (
                f"{status}: {escape(answer['description'])}" for status, answer in operation["responses"].items()
            )
            rows.append("<ul>" + "".join(f"<li>{answer}</li>" for answer in answers) + "</ul>")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>streamer: interface</title>'
        '<meta name="viewport" content="width=device-width"><meta name="color-scheme" content="light dark"></head>'
        f"<body><main><h1>streamer {escape(__version__)}</h1><p>{escape(described['info']['description'])} "
        '<a href="/openapi.json">The same as OpenAPI.</a></p>' + "".join(rows) + "</main></body></html>"
    )


def _row(parameter: Schema) -> str:
    schema = parameter["schema"]
    kind = ", ".join(map(str, schema.get("enum", ()))) or schema["type"]
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code></td><td>{escape(kind)}</td>"
        f"<td>{escape(parameter['description'])}</td></tr>"
    )


def _get(summary: str, more: str = "", kind: str = "application/json") -> Schema:
    answer = {
        "description": summary,
        "content": {kind: {"schema": _TEXT if kind == "text/plain" else {"type": "object"}}},
    }
    refused = {} if more else _refused(401, 403, 429)
    text = f"{summary} {more.capitalize()}." if more else summary
    return {"get": {"summary": text, "responses": {"200": answer} | refused | ({} if not more else _refused(403))}}


def _refused(*statuses: int) -> Schema:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    return {str(status): {"description": _REFUSALS[status], "content": content} for status in statuses}


def _predict(name: str) -> Schema:
    schemas: Schema = {
        "json": {"$ref": "#/components/schemas/Notes"},
        "ndjson": _TEXT,
        "csv": _TEXT,
        "midi": _BINARY,
    }
    content = {media: {"schema": schemas[form]} for form, media in MEDIA_TYPES.items()}
    file = {"type": "object", "required": ["file"], "properties": {"file": _BINARY}}
    width = len(features.NAMES)
    row = {"type": "array", "items": _NUMBER, "minItems": width, "maxItems": width}
    rows = {"type": "array", "minItems": 1, "items": row}
    return {
        "operationId": name,
        "summary": "A recording in, its notes out; or rows of features, and what the model makes of them.",
        "parameters": [_parameter(setting) for setting in (*FOR_CLIENTS.values(), CHANNEL, TEMPO)],
        "requestBody": {
            "required": True,
            "content": {
                "audio/*": {"schema": _BINARY},
                "application/octet-stream": {"schema": _BINARY},
                "multipart/form-data": {"schema": file},
                "application/json": {"schema": {"oneOf": [_SAMPLES, rows]}},
            },
        },
        "responses": {"200": {"description": "The notes.", "content": content}} | _refused(*_REFUSALS),
    }


def _parameter(setting: Setting) -> Schema:
    schema: Schema = {"type": "string"}
    if setting.choices:
        schema = {"type": "string", "enum": list(setting.choices)}
    elif setting.kind in _TYPES:
        schema = {"type": _TYPES[setting.kind]}
        if setting.automatic is None and not setting.words:
            schema |= {key: v for key, v in (("minimum", setting.low), ("maximum", setting.high)) if v is not None}
    return {"name": setting.name, "in": "query", "required": False, "description": setting.help, "schema": schema}
