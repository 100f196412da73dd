# SPDX-License-Identifier: MIT
"""Test the statements of docs/embedding.md about uvloop."""

import _ctypes
import asyncio
import subprocess
import sys
import threading

import uvloop

import later

FOREVER = 10 ** 9
failed = False
uvloop.install()

with open(__file__, 'rb') as file:
    text = file.read()


def report(name, ok, found):
    global failed
    failed = failed or not ok
    print('ok  ' if ok else 'FAIL', name + ('' if ok else f': {found}'))


def ending(name):
    """Run a function below in another process; return its status and output."""
    end = subprocess.run([sys.executable, __file__, name], text=True,
                         capture_output=True, timeout=60)
    return f'{end.returncode} {end.stdout}{end.stderr}'


async def begin_one():
    one = asyncio.create_task(later.read(FOREVER, __file__))
    await asyncio.sleep(0)
    return one


async def exit_in_main():
    await begin_one()
    await later.read(1, __file__)
    sys.exit(7)


async def exit_in_callback():
    await begin_one()
    loop = asyncio.get_running_loop()
    loop.call_soon(sys.exit, 7)
    await later.read(FOREVER, __file__)


async def keep_close_of_uvloop():
    await later.read(1, __file__)
    del asyncio.get_running_loop().close


endings = (exit_in_main, exit_in_callback, keep_close_of_uvloop)


async def read_ten():
    found = await asyncio.gather(*(
        later.read(i, __file__) for i in range(10)))
    return found == [text] * 10


async def fail():
    try:
        return await later.read(1, '/nowhere')
    except OSError as error:
        return error


async def give_up():
    try:
        await asyncio.wait_for(later.read(50, __file__), 0.01)
    except asyncio.TimeoutError:
        await asyncio.sleep(0.1)
        return len(later.wishes)


def read_in_threads():
    found = []
    threads = [threading.Thread(target=lambda: found.append(
        asyncio.run(read_ten()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def test():
    report('await returns the text of the file', asyncio.run(read_ten()), None)
    found = asyncio.run(fail())
    report('await raises the error', isinstance(found, FileNotFoundError),
           found)
    found = asyncio.run(give_up())
    report('a canceled future gets no result', found == 0, found)
    asyncio.run(begin_one())
    report('asyncio.run() ends pending reads', not later.wishes, later.wishes)
    found = read_in_threads()
    report('each thread may have a loop', found == [True] * 8, found)
    found = ending('exit_in_main')
    report('sys.exit() in a coroutine exits normally', found == '7 ', found)
    found = ending('exit_in_callback')
    report('sys.exit() in a callback exits normally', found == '7 ', found)
    found = ending('keep_close_of_uvloop')
    report("uvloop's own close() fails or crashes on avow's handles",
           found.startswith('-') or 'OSError' in found, found)
    report("Debian's uvloop and avow use the same libuv",
           later.one_libuv(uvloop.loop.__file__), None)
    report('a uvloop with its own libuv is refused',
           not later.one_libuv(_ctypes.__file__), None)
    print('done')


for each in endings:
    if each.__name__ in sys.argv:
        asyncio.run(each())
        sys.exit()
test()
sys.exit(failed)
