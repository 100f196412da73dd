#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Read files at the same time, and print the outcome of each, by ctypes.

    AVOW=libavow.so fanout.py FILE...
"""
import ctypes
import os
import sys

LIMIT = 64 * 1024 * 1024
FULFILLED = 1


class Payload(ctypes.Union):
    _fields_ = [('i', ctypes.c_int64), ('d', ctypes.c_double),
                ('p', ctypes.c_void_p)]


class Value(ctypes.Structure):
    _fields_ = [('tag', ctypes.c_uint32), ('code', ctypes.c_int32),
                ('u', Payload)]


class Outcome(ctypes.Structure):
    """The value or the reason is valid until the list is released."""
    _fields_ = [('index', ctypes.c_size_t), ('status', ctypes.c_int),
                ('value', ctypes.POINTER(Value))]


POINTER, SIZE = ctypes.c_void_p, ctypes.c_size_t
uv = ctypes.CDLL('libuv.so.1')
avow = ctypes.CDLL(os.environ.get('AVOW', 'libavow.so.0'))
for library, name, result, *parameters in (
        (uv, 'uv_default_loop', POINTER),
        (uv, 'uv_loop_close', ctypes.c_int, POINTER),
        (avow, 'avow_loop_init', ctypes.c_int, POINTER, POINTER),
        (avow, 'avow_loop_close', ctypes.c_int, POINTER),
        (avow, 'avow_read_file', POINTER, POINTER, ctypes.c_char_p, SIZE),
        (avow, 'avow_timeout', POINTER, POINTER, ctypes.c_uint64),
        (avow, 'avow_all_settled', POINTER, POINTER, ctypes.POINTER(POINTER),
         SIZE),
        (avow, 'avow_run', Value, POINTER),
        (avow, 'avow_outcome_at', Outcome, ctypes.POINTER(Value), SIZE),
        (avow, 'avow_to_bytes', POINTER, ctypes.POINTER(Value),
         ctypes.POINTER(SIZE)),
        (avow, 'avow_error_message', ctypes.c_char_p, ctypes.POINTER(Value)),
        (avow, 'avow_value_unref', None, Value)):
    function = getattr(library, name)
    function.restype, function.argtypes = result, parameters


def read_all(loop, paths):
    reads = [avow.avow_timeout(avow.avow_read_file(loop, os.fsencode(path),
                                                   LIMIT), 5000)
             for path in paths]
    array = (POINTER * len(reads))(*reads)
    return avow.avow_run(avow.avow_all_settled(loop, array, len(reads)))


def text_of(outcome):
    if outcome.status != FULFILLED:
        message = avow.avow_error_message(outcome.value)
        return 'rejected   ' + message.decode(errors='replace')
    size = SIZE()
    avow.avow_to_bytes(outcome.value, size)
    return f'fulfilled  {size.value} bytes'


def main(paths):
    loop = uv.uv_default_loop()
    if avow.avow_loop_init(loop, None) != 0:
        sys.exit('avow_loop_init() fails')
    outcomes = read_all(loop, paths)
    for i, path in enumerate(paths):
        path = path.encode(errors='replace').decode()
        print(f'{path:<24} {text_of(avow.avow_outcome_at(outcomes, i))}')
    avow.avow_value_unref(outcomes)
    avow.avow_loop_close(loop)
    uv.uv_loop_close(loop)


main(sys.argv[1:])
