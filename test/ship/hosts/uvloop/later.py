# SPDX-License-Identifier: MIT
"""Read files after a pause on the loop of uvloop: await read(pause, path)."""

import asyncio
import ctypes
import itertools
import os

import uvloop.loop

lib = ctypes.CDLL(os.environ.get('LATER', './liblater.so'))
told_fn = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_int, ctypes.c_char_p)
lib.later_open.argtypes = lib.later_close.argtypes = [ctypes.c_void_p]
lib.later_read.argtypes = [
    ctypes.c_void_p, ctypes.c_uint, ctypes.c_char_p, ctypes.c_int, told_fn]

capsule_pointer = ctypes.pythonapi.PyCapsule_GetPointer
capsule_pointer.restype = ctypes.c_void_p
capsule_pointer.argtypes = [ctypes.py_object, ctypes.c_char_p]


def one_libuv(extension):
    """Whether avow and an extension module call one and the same libuv."""
    try:
        theirs = ctypes.CDLL(extension).uv_run
    except AttributeError:
        return False
    return (ctypes.cast(theirs, ctypes.c_void_p).value ==
            ctypes.cast(lib.uv_run, ctypes.c_void_p).value)


if not one_libuv(uvloop.loop.__file__):
    raise ImportError('uvloop contains its own libuv; use a uvloop that is '
                      'linked with the libuv.so of avow')

wishes = {}
ids = itertools.count()


# libuv calls this. uvloop runs libuv without the GIL, but ctypes takes it.
@told_fn
def told(wish, code, text):
    future = wishes.pop(wish)
    if future.done():
        return
    if code == 0:
        future.set_result(text)
    else:
        future.set_exception(OSError(-code, text.decode()))


def ready(loop):
    """Return the loop's uv_loop_t, with avow on it until the loop closes."""
    try:
        return loop.later
    except AttributeError:
        pass
    at = capsule_pointer(uvloop.loop.libuv_get_loop_t_ptr(loop), None)
    code = lib.later_open(at)
    if code != 0:
        raise OSError(-code, 'avow is not ready')
    loop.later = at
    loop.close = lambda: close(loop)
    return at


# In place of the loop's own close(), which asyncio.run() calls last.
def close(loop):
    if loop.is_running():
        raise RuntimeError('a loop that runs cannot be closed')
    code = 0 if loop.is_closed() else lib.later_close(loop.later)
    if code != 0:
        raise OSError(-code, 'avow does not close')
    del loop.close
    loop.close()


async def read(pause, path):
    loop = asyncio.get_running_loop()
    at = ready(loop)
    wish = next(ids)
    future = wishes[wish] = loop.create_future()
    if lib.later_read(at, pause, os.fsencode(path), wish, told) != 0:
        del wishes[wish]
        raise MemoryError
    return await future
