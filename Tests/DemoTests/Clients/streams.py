"""usage: streams.py PORT COUNT: so many asyncio streams at once, each checking its own echo."""
import asyncio
import resource
import sys


async def client(port, number):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    text = f"client {number}\n".encode() * 20
    for _ in range(3):
        writer.write(text)
        await writer.drain()
        assert await reader.readexactly(len(text)) == text
    writer.write_eof()
    assert await reader.read() == b""
    writer.close()
    await writer.wait_closed()


async def main(port, count):
    await asyncio.gather(*(client(port, number) for number in range(count)))
    print("ok")


hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
