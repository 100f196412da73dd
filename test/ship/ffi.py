#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Call avow only by its symbols, as bindings do, and receive its callbacks.

    ffi.py LIBAVOW
"""
import ctypes
import errno
import itertools
import sys


UV_RUN_DEFAULT = 0


class Payload(ctypes.Union):
    _fields_ = [('i', ctypes.c_int64), ('d', ctypes.c_double),
                ('p', ctypes.c_void_p)]


class Value(ctypes.Structure):
    """An avow_value_t."""
    _fields_ = [('tag', ctypes.c_uint32), ('code', ctypes.c_int32),
                ('u', Payload)]


uv = ctypes.CDLL('libuv.so.1')
avow = ctypes.CDLL(sys.argv[1])
uv.uv_default_loop.restype = ctypes.c_void_p
uv.uv_run.argtypes = ctypes.c_void_p, ctypes.c_int
for name, result, *parameters in (
        ('avow_loop_init', ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p),
        ('avow_loop_close', ctypes.c_int, ctypes.c_void_p),
        ('avow_sleep', ctypes.c_void_p, ctypes.c_void_p, ctypes.c_uint64),
        ('avow_read_file', ctypes.c_void_p, ctypes.c_void_p, ctypes.c_char_p,
         ctypes.c_size_t),
        ('avow_to_bytes', ctypes.c_char_p, ctypes.POINTER(Value),
         ctypes.c_void_p),
        ('avow_error_code', ctypes.c_int, ctypes.POINTER(Value)),
        ('avow_string', Value, ctypes.c_char_p),
        ('avow_promise_resolve', ctypes.c_void_p, ctypes.c_void_p, Value),
        ('avow_on_settled', None, ctypes.c_void_p, ctypes.c_void_p,
         ctypes.c_void_p)):
    getattr(avow, name).restype = result
    getattr(avow, name).argtypes = parameters

handlers, keys = {}, itertools.count(1)


@ctypes.CFUNCTYPE(None, ctypes.POINTER(Value), ctypes.c_void_p)
def told(outcome, key):
    handlers.pop(key)(outcome.contents)


def on_settled(promise, handler):
    key = next(keys)
    handlers[key] = handler
    avow.avow_on_settled(promise, told, key)


heard = []


def hear(outcome):
    heard.append(avow.avow_error_code(outcome) or
                 avow.avow_to_bytes(outcome, None))


loop = uv.uv_default_loop()
assert avow.avow_loop_init(loop, None) == 0
on_settled(avow.avow_promise_resolve(loop, avow.avow_string(b'hello')), hear)
on_settled(avow.avow_read_file(loop, b'missing/file', 1), hear)
assert uv.uv_run(loop, UV_RUN_DEFAULT) == 0
on_settled(avow.avow_sleep(loop, 60000), hear)
assert avow.avow_loop_close(loop) == 0
assert heard == [b'hello', -errno.ENOENT, -errno.ECANCELED], heard
assert not handlers
