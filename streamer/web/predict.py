"""``POST /predict`` and ``/transcribe``: a recording in, its notes out."""

import asyncio
import json
import shutil
import tempfile
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Any

from starlette.datastructures import QueryParams, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message as AsgiMessage

from streamer.errors import ConfigError
from streamer.settings.io import INPUT, TEMPO
from streamer.web.config import Asked, ServerConfig
from streamer.web.pool import Full, Pool
from streamer.web.transcribing import Job, Limits, Message

MEDIA_TYPES = {
    "json": "application/json",
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "midi": "audio/midi",
}
"""Of the answer, by form; what is not asked for by Accept is JSON."""

CHANNEL = next(setting for setting in INPUT if setting.name == "channel")
_MB = 1_000_000
_RETRY_S = "2"
_LONGEST_ACCEPT = 1000


class Predict:
    """Takes recordings, has them transcribed, and answers. Nothing of them is kept.

    Parameters
    ----------
    config : ServerConfig
        Limits.
    pool : Pool
        Does the work.
    """

    def __init__(self, config: ServerConfig, pool: Pool) -> None:
        self._config = config
        self._pool = pool

    async def __call__(self, request: Request) -> Response:
        """One request."""
        until_s = time.monotonic() + self._config.request_s
        folder = tempfile.TemporaryDirectory(prefix="streamer-")
        try:
            form = _form_of(request.headers.get("accept", ""))
            asked, channel, tempo_bpm = _asked(request.query_params, self._config)
            path = Path(folder.name) / "streamer"  # MIDI files have their name from it
            async with asyncio.timeout(self._config.request_s):
                is_json = await self._receive(request, path)
            limits = Limits(self._config.duration_s, self._config.most_rate_hz, until_s)
            job = Job(str(path), is_json, asked, channel, tempo_bpm, form, limits)
            client = request.client.host if request.client else ""
            return await self._answer(request, job, client, folder)
        except ConfigError as error:
            return _refusal(request, 400, str(error))
        except HTTPException as error:
            return _refusal(request, error.status_code, error.detail)
        except Full as error:
            return _refusal(request, 503, str(error))
        except TimeoutError:
            return _refusal(request, 408, f"the request did not come within {self._config.request_s:g} s")
        except ClientDisconnect:
            return Response(status_code=400)  # nobody reads it
        finally:
            if not getattr(request.state, "streams", False):
                folder.cleanup()

    async def _receive(self, request: Request, path: Path) -> bool:
        """Write what the client sends into a file; whether it is JSON."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        is_json = kind == "application/json" or kind.endswith("+json")
        most_bytes = (self._config.json_mb if is_json else self._config.body_mb) * _MB
        said = request.headers.get("content-length", "")
        if said.isdecimal() and len(said) < 20 and int(said) > most_bytes:
            raise _too_large(most_bytes)
        limited = Request(request.scope, _limited(request, most_bytes))
        if kind == "multipart/form-data":
            await self._receive_form(limited, path)
            return False
        with path.open("wb") as file:
            async for part in limited.stream():
                file.write(part)
        if not path.stat().st_size:
            raise HTTPException(400, "the body is empty; send a sound file, or JSON with samples")
        return is_json

    async def _receive_form(self, request: Request, path: Path) -> None:
        try:
            async with request.form(max_files=1, max_fields=16) as form:
                for value in form.values():
                    if isinstance(value, UploadFile):
                        with path.open("wb") as file:
                            await asyncio.to_thread(shutil.copyfileobj, value.file, file)
                        return
        except (MultiPartException, ValueError, KeyError):  # whatever the parser stumbles over
            raise HTTPException(400, "the body is no multipart/form-data, although it says so") from None
        raise HTTPException(400, "the form has no file")

    async def _answer(
        self, request: Request, job: Job, client: str, folder: "tempfile.TemporaryDirectory[str]"
    ) -> Response:
        messages = self._pool.run(job, client)
        if job.form == "ndjson":
            first = await anext(messages)
            if first["type"] == "refused":
                await messages.aclose()
                return _refusal(request, first["status"], first["error"])
            request.state.streams = True
            return StreamingResponse(_lines(first, messages, folder), media_type=MEDIA_TYPES["ndjson"])
        async with aclosing(messages):
            async for message in messages:
                if message["type"] == "refused":
                    return _refusal(request, message["status"], message["error"])
                if message["type"] == "done":
                    return self._whole(request, job, message)
                if await request.is_disconnected():
                    raise ClientDisconnect
        raise RuntimeError("a job has ended without an answer")

    def _whole(self, request: Request, job: Job, message: Message) -> Response:
        if "content" in message:
            kind = MEDIA_TYPES[job.form]
            named = {"content-disposition": f'attachment; filename="notes.{"mid" if job.form == "midi" else "csv"}"'}
            return Response(message["content"], media_type=kind, headers=named)
        answer = {name: value for name, value in message.items() if name != "type"}
        settings = {"settings": job.asked.values} if "notes" in answer else {}
        return JSONResponse(answer | settings | {"request_id": request.state.request_id})


async def _lines(
    first: Message, messages: AsyncGenerator[Message, None], folder: "tempfile.TemporaryDirectory[str]"
) -> AsyncIterator[bytes]:
    """Each message as a line; a job that nobody reads any more is ended."""
    try:
        yield _line(first)
        async for message in messages:
            yield _line(message)
    finally:
        await messages.aclose()
        folder.cleanup()


def _line(message: Message) -> bytes:
    if message["type"] == "refused":
        message = {"type": "error", "error": message["error"]}
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def _limited(request: Request, most_bytes: int) -> Any:
    """What receives the request's body, up to so many bytes."""
    taken = 0

    async def receive() -> AsgiMessage:
        nonlocal taken
        message = await request.receive()
        taken += len(message.get("body", b""))
        if taken > most_bytes:
            raise _too_large(most_bytes)
        return message

    return receive


def _too_large(most_bytes: int) -> HTTPException:
    return HTTPException(413, f"that is more than the {most_bytes // _MB} MB that this server takes")


def _form_of(accept: str) -> str:
    """The form of the answer that a client wants most, of those there are."""
    if not accept.strip():
        return "json"
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept[:_LONGEST_ACCEPT].split(",")):
        kind, *parameters = (word.strip().lower() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                with suppress(ValueError):
                    weight = float(parameter[2:])
        form = next((name for name, media in MEDIA_TYPES.items() if _matches(kind, media)), None)
        if form is not None and weight > 0:
            wanted.append((-weight, place, form))
    if not wanted:
        raise HTTPException(406, f"the answer can be {', '.join(MEDIA_TYPES.values())}")
    return min(wanted)[2]


def _matches(kind: str, media: str) -> bool:
    if kind in (media, "*/*"):
        return True
    main, _, sub = kind.partition("/")
    return (sub == "*" and media.startswith(f"{main}/")) or (kind, media) in (
        ("audio/mid", "audio/midi"),
        ("audio/x-midi", "audio/midi"),
        ("application/ndjson", "application/x-ndjson"),
    )


def _asked(query: QueryParams, config: ServerConfig) -> tuple[Asked, int | None, float]:
    """What the query asks for: settings, channel and tempo."""
    wanted: dict[str, Any] = {}
    for name, value in query.multi_items():
        if name in wanted:
            raise ConfigError(f"{name!r:.60} is given twice")
        wanted[name] = value
    channel = CHANNEL.parse(wanted.pop("channel"), "channel") if "channel" in wanted else None
    tempo_bpm = TEMPO.parse(wanted.pop("tempo"), "tempo") if "tempo" in wanted else TEMPO.default
    return config.asked(wanted, texts=True), channel, tempo_bpm


def _refusal(request: Request, status: int, line: str) -> Response:
    headers: Mapping[str, str] = {"retry-after": _RETRY_S} if status == 503 else {}
    return JSONResponse({"error": line, "request_id": request.state.request_id}, status, headers)
