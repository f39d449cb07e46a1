"""A fake upstream that runs beside a synchronous test: the asyncio server lives in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.relay import ImageRelay


@contextmanager
def relaying() -> Iterator[ImageRelay]:
    """A running relay. Scripts and latency may be set from the test: they are read when a request comes."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    relay = ImageRelay()
    try:
        asyncio.run_coroutine_threadsafe(relay.__aenter__(), loop).result()
        try:
            yield relay
        finally:
            asyncio.run_coroutine_threadsafe(relay.__aexit__(None, None, None), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def settings_for(relay: ImageRelay) -> dict[str, str]:
    """What makes a service have its images edited by the relay."""
    return {
        "AI_PROVIDER": "openai-chat",
        "AI_API_BASE_URL": f"{relay.base_url}/v1",
        "AI_API_KEY": relay.key,
        "UPSTREAM_ALLOWED_HOSTS": relay.netloc,
    }
