"""Is a slot ever idle while work waits? Fifty images against an upstream of fixed latency, as a ratio to the ideal.

`python -m benchmarks.slots [--images 50] [--latency 1.0] [--concurrency 3 10]`

The ideal is ceil(images / concurrency) x latency, measured from the answer to the order to the end of the batch.
Everything is real: a server process, HTTP, the database, the storage, decoding included.
"""

import argparse
import asyncio
import io
import math
import tempfile
import time
from pathlib import Path

from PIL import Image

from tests.fakes.relay import ImageRelay
from tests.processes import Server


def photo(number: int) -> bytes:
    """A JPEG of 800 x 600 pixels, unlike the others."""
    buffer = io.BytesIO()
    Image.effect_noise((800, 600), 20 + number).convert("RGB").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


async def measure(images: int, latency: float, concurrency: int) -> float:
    """How many times the ideal the batch took."""
    with tempfile.TemporaryDirectory() as folder:
        async with (
            ImageRelay(latency=latency) as relay,
            Server(
                Path(folder), ai_provider="openai-chat", ai_api_base_url=relay.base_url, ai_api_key=relay.key
            ) as server,
        ):
            await server.client.put("/api/admin/config", json={"concurrency": concurrency})
            files = [("images", (f"{n}.jpg", photo(n), "image/jpeg")) for n in range(images)]
            made = await server.client.post("/api/batch/queues", files=files, data={"prompt": "x"})
            made.raise_for_status()
            started = time.perf_counter()
            queue = await server.until_ended(made.json()["id"])
            took = time.perf_counter() - started
            assert queue["completed_images"] == images, queue
            assert relay.max_in_flight <= concurrency
    return took / (math.ceil(images / concurrency) * latency)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--latency", type=float, default=1.0)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[3, 10])
    options = parser.parse_args()
    for concurrency in options.concurrency:
        ratio = asyncio.run(measure(options.images, options.latency, concurrency))
        print(f"concurrency {concurrency}: {ratio:.3f} x the ideal")


if __name__ == "__main__":
    main()
