# SPDX-License-Identifier: MIT
"""Bytes from one socket go to another: what does a relay take?

A client writes 256 MiB to the relay, and a server behind the relay reads them.
"""
import contextlib
import socket
import threading
import time

from machine import Sample, cpu_of, find, free_port, process

UNIT = 'MiB relayed'
LOADS = [256]
SMALL = [1]
MIB = 1024 * 1024


def relays(build, here, sink):
    """Name, command line, port or None."""
    yield 'avow: avow_pump()', [f'{build}/bench/programs/relay', sink], None
    yield 'avow: examples/proxy', [f'{build}/examples/proxy', '127.0.0.1',
                                   sink], None
    socat = find('socat', 'socat')
    if socat:
        port = free_port()
        yield 'socat', [socat, '-b65536',
                        f'TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr',
                        f'TCP:127.0.0.1:{sink}'], port
    node = find('node', 'nodejs')
    if node:
        yield 'Node: examples/js/proxy.js', [
            node, f'{here}/../../examples/js/proxy.js', '127.0.0.1', sink], None


def pour(port, n):
    with socket.create_connection(('127.0.0.1', port)) as source:
        part = bytes(MIB)
        for _ in range(n):
            source.sendall(part)


def take(listener, n):
    room = bytearray(MIB)
    with listener.accept()[0] as sink:
        left = n * MIB
        while left > 0:
            left -= sink.recv_into(room)
    return left


def relaying(listener, argv, port):
    """A new relay for each turn, because socat serves a single client."""
    def relay(n, _):
        with process(argv, port) as (pid, at):
            before, start = cpu_of(pid), time.monotonic()
            source = threading.Thread(target=pour, args=(at, n))
            source.start()
            if take(listener, n) != 0:
                raise SystemExit('more arrived than was sent')
            used = Sample(n, cpu_of(pid) - before, time.monotonic() - start)
            source.join()
        return used
    return relay


@contextlib.contextmanager
def rivals(build, here, work, _):
    with socket.create_server(('127.0.0.1', 0)) as listener:
        sink = listener.getsockname()[1]
        yield {name: relaying(listener, argv, port)
               for name, argv, port in relays(build, here, sink)}


def describe(load):
    return f'{load} of them'
