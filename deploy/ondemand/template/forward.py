"""Forwards connections to a port of this node to a port that only the node itself reaches: `forward.py PORT INNER`."""

import asyncio
import contextlib
import sys

_BYTES = 1 << 16


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(_BYTES):
            target.write(data)
            await target.drain()
    target.close()


async def serve(port: int, inner_port: int, address: str | None = None) -> asyncio.Server:
    """Listen on `port` of all addresses, or of one, and copy both directions of each connection."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", inner_port)
        except OSError:  # the dashboard has not started yet, or has ended
            writer.close()
            return
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    return await asyncio.start_server(forward, address, port)


async def _main(port: int, inner_port: int) -> None:
    async with await serve(port, inner_port) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), int(sys.argv[2])))
