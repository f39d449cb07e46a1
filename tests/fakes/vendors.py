"""Fakes of the vendors' own APIs. Each refuses what the real one refuses, in the real one's words."""

import base64
import binascii
import email.parser
import email.policy
import re
from typing import Any

from tests.fakes.pictures import b64, png_for
from tests.fakes.vendor import MODELS, Vendor, error, refused_image
from tests.fakes.wire import Answer, Received, json_answer

RATIOS = {"1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:4", "4:1", "1:8", "8:1"}


class FakeGemini(Vendor):
    """`generateContent`. As Google it wants its own key header; as a `relay`, a bearer token and nothing but camelCase."""

    relay = True

    def checked(self, request: Received, path: str) -> Answer | None:
        found = re.fullmatch(r"/v1beta/models/([^/:]+):generateContent", path)
        if not found and path != "/v1beta/models":
            return google_error(404, "NOT_FOUND", "models/x is not found for API version v1beta")
        header = request.headers.get("authorization") if self.relay else request.headers.get("x-goog-api-key")
        if header != (f"Bearer {self.key}" if self.relay else self.key):
            return google_error(
                400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", reason="API_KEY_INVALID"
            )
        if not found:
            return json_answer({"models": [{"name": "models/gemini-3-pro-image"}]})
        body = request.json()
        try:
            parts = body["contents"][0]["parts"]
            if any(len(part) != 1 for part in parts):
                return google_error(400, "INVALID_ARGUMENT", "a part has exactly one field")
            images = [
                base64.b64decode(part["inlineData"]["data"], validate=True) for part in parts if "text" not in part
            ]
        except (LookupError, TypeError, binascii.Error) as bad:
            return google_error(400, "INVALID_ARGUMENT", f"Invalid JSON payload received: {bad!r}")
        if complaint := refused_image(images):
            return google_error(400, "INVALID_ARGUMENT", complaint)
        return self._bad_config(found.group(1), body.get("generationConfig", {})) or (
            None
            if images and parts[0].get("text")
            else google_error(400, "INVALID_ARGUMENT", "a prompt and an image are needed")
        )

    def _bad_config(self, model: str, config: dict[str, Any]) -> Answer | None:
        if "IMAGE" not in config.get("responseModalities", []):
            return json_answer(candidate([{"text": "A text answer."}]))
        image = config.get("imageConfig", {})
        if "imageSize" in image and ("2.5" in model or image["imageSize"] not in {"512", "1K", "2K", "4K"}):
            return google_error(400, "INVALID_ARGUMENT", "Invalid value at 'image_config.image_size'")
        if "aspectRatio" in image and image["aspectRatio"] not in RATIOS:
            return google_error(400, "INVALID_ARGUMENT", "Invalid value at 'image_config.aspect_ratio'")
        return None

    def default(self, request: Received) -> Answer:
        return json_answer(candidate([{"inlineData": {"mimeType": "image/png", "data": b64(png_for(request.body))}}]))


def candidate(parts: Any, finish: str | None = "STOP", **more: Any) -> dict[str, Any]:
    """A generateContent answer with one candidate."""
    one = {"content": {"role": "model", "parts": parts}, "finishReason": finish, "index": 0, **more}
    return {"candidates": [one], "usageMetadata": {"totalTokenCount": 2081}, "modelVersion": "fake", "responseId": "r"}


def google_error(status: int, word: str, message: str, *details: dict[str, Any], reason: str = "") -> Answer:
    """A google.rpc.Status; `reason` adds an ErrorInfo."""
    info = (
        [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"}]
        if reason
        else []
    )
    return json_answer(
        {"error": {"code": status, "message": message, "status": word, "details": [*info, *details]}}, status
    )


class FakeImages(Vendor):
    """OpenAI's `/v1/images/edits`, and the `/images/generations` of Ark and SiliconFlow under their own paths."""

    known = frozenset({"model", "prompt", "n", "size", "quality", "output_format", "background", "input_fidelity"})

    def checked(self, request: Received, path: str) -> Answer | None:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return error(401, "Incorrect API key provided", "invalid_api_key")
        if path == "/v1/images/edits":
            return self._bad_form(request)
        if path in {"/api/v3/images/generations", "/v1/images/generations"}:
            return self._bad_json(request)
        if path == "/v1/models":
            return MODELS
        return error(404, f"Invalid URL ({request.method} {path})")

    def _bad_form(self, request: Received) -> Answer | None:
        fields, files = form_of(request)
        unknown = next((name for name in fields if name not in self.known), None)
        if "input_fidelity" in fields and (
            fields["model"].startswith("gpt-image-2") or fields["model"].endswith("-mini")
        ):
            unknown = "input_fidelity"
        if unknown:
            return unknown_parameter(unknown)
        if not files or not fields.get("prompt", "").strip():
            return error(400, "a prompt and an image are needed", "missing_required_parameter")
        if len(files) > 1 and any(name != "image[]" for name, _, _ in files):
            return error(400, "Duplicate parameter: 'image'", "duplicate_parameter")
        complaint = refused_image([data for _, _, data in files])
        return error(400, complaint, "invalid_image_file", "image_generation_user_error") if complaint else None

    def _bad_json(self, request: Received) -> Answer | None:
        body = request.json()
        images = body.get("image") if isinstance(body.get("image"), list) else [body.get("image")]
        if not body.get("prompt") or not all(
            isinstance(image, str) and image.startswith("data:image/") for image in images
        ):
            return json_answer(
                {"error": {"code": "MissingParameter", "message": "image", "param": "", "type": "BadRequest"}}, 400
            )
        complaint = refused_image([base64.b64decode(image.partition(",")[2], validate=True) for image in images])
        return json_answer({"error": {"code": "InvalidParameter", "message": complaint}}, 400) if complaint else None

    def default(self, request: Received) -> Answer:
        return json_answer(
            {"created": 1776832476, "data": [{"b64_json": b64(png_for(request.body))}], "output_format": "png"}
        )


def form_of(request: Received) -> tuple[dict[str, str], list[tuple[str, str, bytes]]]:
    """A multipart body: its fields, and its files as (field, file name, bytes) in order."""
    head = f"content-type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + request.body)
    fields: dict[str, str] = {}
    files: list[tuple[str, str, bytes]] = []
    for part in message.iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        data = part.get_payload(decode=True)
        if part.get_filename():
            files.append((name, str(part.get_filename()), data))
        else:
            fields[name] = data.decode()
    return fields, files


def unknown_parameter(name: str) -> Answer:
    body = {
        "message": f"Unknown parameter: '{name}'.",
        "type": "invalid_request_error",
        "param": name,
        "code": "unknown_parameter",
    }
    return json_answer({"error": body}, 400)


class FakeDashScope(Vendor):
    """The multimodal endpoint and the task API; results lie on another path, and want no credentials."""

    states: tuple[str, ...] = ("PENDING", "RUNNING", "SUCCEEDED")
    failure: tuple[str, str] = ("InternalError", "x")

    def checked(self, request: Received, path: str) -> Answer | None:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return scope_error("InvalidApiKey", "Invalid API-key provided.", 401)
        if path == "/api/v1/tasks/task-0001" and request.method == "GET":
            return None
        if path.startswith("/api/v1/tasks/"):
            return json_answer(
                {"request_id": "r", "output": {"task_id": path.rsplit("/", maxsplit=1)[-1], "task_status": "UNKNOWN"}}
            )
        asynchronous = path == "/api/v1/services/aigc/image-generation/generation"
        if not asynchronous and path != "/api/v1/services/aigc/multimodal-generation/generation":
            return scope_error("InvalidParameter", "url error, please check url", 400)
        if asynchronous != (request.headers.get("x-dashscope-async") == "enable"):
            return scope_error("AccessDenied", "current user api does not support (a)synchronous calls", 403)
        content = request.json()["input"]["messages"][0]["content"]
        images = [
            base64.b64decode(part["image"].partition(",")[2], validate=True) for part in content if "image" in part
        ]
        if not 1 <= len(images) <= 3 or not content[-1].get("text"):
            return scope_error("InvalidParameter", "one to three images and a text, in this order", 400)
        size = request.json().get("parameters", {}).get("size", "1024*1024")
        if not all(512 <= int(side) <= 2048 for side in size.split("*")):
            return scope_error("InvalidParameter", f"size {size}", 400)
        complaint = refused_image(images)
        return scope_error("InvalidParameter", complaint, 400) if complaint else None

    def default(self, request: Received) -> Answer:
        if request.path.startswith("/api/v1/tasks/"):
            asked = sum(one.path == request.path for one in self.requests)
            return self._task(self.states[min(asked, len(self.states)) - 1])
        if request.headers.get("x-dashscope-async"):
            return json_answer({"request_id": "r", "output": {"task_id": "task-0001", "task_status": "PENDING"}})
        return json_answer(scope_result(self.serve_file("/oss/result.png", Answer(body=png_for(request.body)))))

    def _task(self, state: str) -> Answer:
        if state == "SUCCEEDED":
            document = scope_result(self.serve_file("/oss/result.png", Answer(body=png_for(b"task"))))
            document["output"] |= {"task_id": "task-0001", "task_status": state}
            return json_answer(document)
        output = {"task_id": "task-0001", "task_status": state}
        if state == "FAILED":
            output |= dict(zip(("code", "message"), self.failure, strict=True))
        return json_answer({"request_id": "r", "output": output})


def scope_result(url: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": [{"image": url}]}
    return {
        "request_id": "r",
        "output": {"choices": [{"finish_reason": "stop", "message": message}]},
        "usage": {"image_count": 1},
    }


def scope_error(code: str, message: str, status: int = 200) -> Answer:
    return json_answer({"code": code, "message": message, "request_id": "r"}, status)
