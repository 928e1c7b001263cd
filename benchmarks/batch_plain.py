"""The script that someone would write instead: asyncio and httpx, no ledger, nothing durable.

python benchmarks/batch_plain.py PROMPTS DIRECTORY BASE_URL AT_ONCE
"""

import asyncio
import sys
from pathlib import Path

import httpx

ORDER = {
    "provider": "evolink", "mediaType": "image", "model": "nano-banana-pro",
    "scene": "text-to-image", "options": {"resolution": "256"},
}  # fmt: skip


async def generate(client: httpx.AsyncClient, prompt: str, n: int, directory: Path) -> None:
    """One prompt, from the order to the file."""
    order = ORDER | {"prompt": prompt}
    answer = (await client.post("/api/v1/generate", json=order)).raise_for_status().json()
    task_id = answer["data"]["taskId"]
    while True:
        task = (await client.get(f"/api/v1/task/{task_id}")).raise_for_status().json()["data"]
        if task["status"] in ("SUCCESS", "FAILED", "ERROR"):
            break
        await asyncio.sleep(0.5)
    for url in task["taskResult"]["results"]:
        picture = (await client.get(url)).raise_for_status().content
        (directory / f"{n}.png").write_bytes(picture)


async def main(prompts: list[str], directory: Path, base_url: str, at_once: int) -> None:
    """All of them, so many at a time."""
    slots = asyncio.Semaphore(at_once)
    headers = {"authorization": "Bearer any"}
    async with httpx.AsyncClient(base_url=base_url, headers=headers) as client:

        async def one(n: int, prompt: str) -> None:
            async with slots:
                await generate(client, prompt, n, directory)

        await asyncio.gather(*(one(n, prompt) for n, prompt in enumerate(prompts)))


if __name__ == "__main__":
    file, place, url, width = sys.argv[1:]
    Path(place).mkdir(parents=True, exist_ok=True)
    asyncio.run(main(Path(file).read_text().splitlines(), Path(place), url, int(width)))
