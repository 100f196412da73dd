# SPDX-License-Identifier: MIT
"""asyncio_peer.py CASE N ROUNDS: see avow.c."""
import asyncio
import os
import sys
import threading

n = int(sys.argv[2])
loop = asyncio.new_event_loop()


def futures():
    return [loop.create_future() for _ in range(n)]


async def settle():
    """A handler is a callback of a future."""
    last = loop.create_future()
    waiting = futures()
    for future in waiting:
        future.add_done_callback(lambda done: done.result() + 1)
    waiting[-1].add_done_callback(lambda _: last.set_result(None))
    for future in waiting:
        future.set_result(1)
    await last


async def chain():
    """A task for each hop."""
    async def hop(before):
        return await before + 1
    first = last = loop.create_future()
    for _ in range(n):
        last = loop.create_task(hop(last))
    first.set_result(0)
    await last


async def awaiting():
    for _ in range(n):
        future = loop.create_future()
        future.set_result(1)
        await future


async def nothing():
    pass


async def start():
    await asyncio.gather(*(nothing() for _ in range(n)))


async def combine(combinator):
    waiting = futures()
    end = loop.create_task(combinator(waiting))
    await asyncio.sleep(0)
    for future in waiting:
        future.set_result(1)
    await end


async def gather(waiting):
    await asyncio.gather(*waiting)


async def gather_all(waiting):
    await asyncio.gather(*waiting, return_exceptions=True)


async def first(waiting):
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)


async def channel():
    """Room for one: a queue without room has any."""
    queue = asyncio.Queue(1)

    async def send():
        for _ in range(n):
            await queue.put(1)

    async def take():
        for _ in range(n):
            await queue.get()
    await asyncio.gather(send(), take())


async def sleep():
    await asyncio.gather(*(asyncio.sleep(0.001) for _ in range(n)))


def read():
    with open(os.environ['PEER_FILE'], 'rb') as file:
        return file.read()


async def file():
    await asyncio.gather(*(asyncio.to_thread(read) for _ in range(n)))


async def thread():
    waiting = futures()

    def settle_all():
        for future in waiting:
            loop.call_soon_threadsafe(future.set_result, 1)
    other = threading.Thread(target=settle_all)
    other.start()
    await asyncio.gather(*waiting)
    other.join()


async def pending():
    waiting = futures()
    for future in waiting:
        future.add_done_callback(lambda done: done.result() + 1)
    os._exit(0)


CASES = {
    'settle': settle, 'chain': chain, 'await': awaiting, 'start': start,
    'all': lambda: combine(gather), 'all_settled': lambda: combine(gather_all),
    'race': lambda: combine(first), 'channel': channel, 'sleep': sleep,
    'file': file, 'thread': thread, 'pending': pending,
}
if sys.argv[1] not in CASES:
    sys.exit(3)
for _ in range(int(sys.argv[3])):
    loop.run_until_complete(CASES[sys.argv[1]]())
