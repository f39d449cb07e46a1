"""Alibaba's DashScope: qwen-image-edit, answered at once or as a task that is asked for until it is done."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

from backend.upstreams.adapter import Adapter, data_url, with_extras
from backend.upstreams.answers import read
from backend.upstreams.base import WORDS, EditRequest, Outcome, UpstreamError
from backend.upstreams.bodies import unreadable
from backend.upstreams.classify import complained, refused
from backend.upstreams.shapes import nearest_ratio, pixels, ratio_of

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "9:16", "16:9")
_TASK_ID = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PATIENT = (Outcome.BACKOFF, Outcome.AFTER, Outcome.AMBIGUOUS)
_MAX_POLL_FAILURES = 5


class DashScope(Adapter):
    """The image to edit goes last: its shape is the result's unless a size is given."""

    kind = "dashscope"
    version = "api/v1"
    probe_path = "/tasks/00000000-0000-0000-0000-000000000000"  # a task that never was: it has no list of models
    first_poll_seconds = 2.0
    poll_seconds = 10.0

    async def _edited(self, request: EditRequest) -> tuple[str, str]:
        if self.config.dialect == "dashscope-async":
            document = await self._by_task(request)
        else:
            document = await self.post("/services/aigc/multimodal-generation/generation", self._body(request))
        return await asyncio.to_thread(self._result, document)

    def _result(self, document: Any) -> tuple[str, str]:
        if isinstance(document, list):  # streamed, though nobody asked: each event holds all there is so far
            document = next((event for event in reversed(document) if list(_pictures(event)) or complained(event)), {})
        pictures, words = list(_pictures(document)), _words(document)
        if not pictures:
            raise complained(document, self.secrets) or refused(_finish(document), words, secrets=self.secrets)
        return pictures[0], words[:500]

    def _body(self, request: EditRequest) -> dict[str, Any]:
        content = [*({"image": data_url(image)} for image in self.images(request)), {"text": self.prompt(request)}]
        parameters: dict[str, Any] = {"n": 1, "watermark": False}
        if request.aspect_ratio or request.image_size or request.references:
            ratio = ratio_of(request.aspect_ratio or nearest_ratio(request.image, _RATIOS))
            width, height = pixels(ratio, request.image_size, longest=2048)
            parameters["size"] = f"{max(512, width)}*{max(512, height)}"
        return {
            "model": request.model,
            "input": {"messages": [{"role": "user", "content": content}]},
            "parameters": parameters,
        }

    async def _by_task(self, request: EditRequest) -> Any:
        """Submit, then ask until it is over; work that was submitted before is only asked for. Once submitted it may be
        billed, so giving up is ambiguous."""
        task = request.job
        if task is None:
            task = await self._submitted(request)
            if request.on_job is not None:
                await request.on_job(task)
        try:
            async with asyncio.timeout(self._http.timeout):
                return await self._finished(f"{self.api}/tasks/{task}")
        except TimeoutError as error:
            raise _given_up(f"the task was not done within {self._http.timeout:g} seconds") from error

    async def _submitted(self, request: EditRequest) -> str:
        """The id of the task."""
        body = with_extras(self._body(request), self.config.extra_params)
        headers = {**self.headers(), "x-dashscope-async": "enable"}
        url = f"{self.api}/services/aigc/image-generation/generation"
        reply = await self._http.call("POST", url, headers=headers, json_body=body, secrets=self.secrets)
        task = _output(await read(reply, self.secrets, task=True)).get("task_id")
        if not isinstance(task, str) or not _TASK_ID.fullmatch(task):
            raise unreadable("the upstream accepted a task, but gave no usable id for it")
        return task

    async def _finished(self, url: str) -> Any:
        failures, pause = 0, self.first_poll_seconds
        while True:
            await asyncio.sleep(pause)
            pause = min(self.poll_seconds, pause * 1.5)
            try:
                reply = await self._http.call("GET", url, headers=self.headers(), secrets=self.secrets)
                document = await read(reply, self.secrets, task=True)
            except UpstreamError as error:
                failures += 1
                # a hiccup while asking says nothing about the work
                if error.outcome not in _PATIENT:
                    raise
                if failures > _MAX_POLL_FAILURES:
                    raise _given_up(error.detail) from error
                pause = max(pause, error.retry_after or 0.0)
                continue
            failures = 0
            state = str(_output(document).get("task_status", "")).upper()
            if state == "SUCCEEDED":
                return document
            if state not in {"PENDING", "RUNNING", "SUSPENDED"}:
                raise complained(document, self.secrets) or _given_up(f"the task ended as {state[:40] or 'nothing'}")


def _given_up(detail: str) -> UpstreamError:
    return UpstreamError(Outcome.AMBIGUOUS, detail, billed=True)


def _output(document: Any) -> dict[str, Any]:
    output = document.get("output") if isinstance(document, dict) else None
    return output if isinstance(output, dict) else {}


def _contents(document: Any) -> Iterator[dict[str, Any]]:
    choices = _output(document).get("choices")
    for choice in choices if isinstance(choices, list) else []:
        message = choice.get("message") if isinstance(choice, dict) else None
        content = message.get("content") if isinstance(message, dict) else None
        yield from (part for part in (content if isinstance(content, list) else []) if isinstance(part, dict))


def _pictures(document: Any) -> Iterator[str]:
    """Of the message form, and of the older `results` form."""
    results = _output(document).get("results")
    for item in [*_contents(document), *(results if isinstance(results, list) else [])]:
        picture = (item.get("image") or item.get("url")) if isinstance(item, dict) else None
        if isinstance(picture, str) and picture:
            yield picture


def _words(document: Any) -> str:
    return " ".join(text[:WORDS] for part in _contents(document) if isinstance(text := part.get("text"), str))


def _finish(document: Any) -> str:
    choices = _output(document).get("choices")
    first = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}
    reason = first.get("finish_reason")
    return reason if isinstance(reason, str) and reason != "stop" else ""
