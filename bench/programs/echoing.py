# SPDX-License-Identifier: MIT
"""64 bytes back and forth on many connections: what does a server take?"""
import contextlib
import select
import socket
import time

from machine import Sample, cpu_of, find, memory_of, process

UNIT = 'echo'
LOADS = [1000, 10000]
SMALL = [10]
ECHOES, MESSAGE = 100000, b'x' * 64


def servers(build, here):
    programs = f'{build}/bench/programs'
    yield 'avow: await', [f'{programs}/echo_await']
    yield 'avow: then', [f'{programs}/echo_then']
    yield 'libuv, callbacks', [f'{programs}/echo_raw']
    node = find('node', 'nodejs')
    if node:
        yield 'Node', [node, f'{here}/rivals/echo.js']


def connect(port, n, poll):
    """Each connection has received an echo, so the server has accepted all."""
    guests = {}
    for _ in range(n):
        guest = socket.create_connection(('127.0.0.1', port))
        guest.sendall(MESSAGE)
        guests[guest.fileno()] = guest
        poll.register(guest, select.EPOLLIN)
    for guest in guests.values():
        hear(guest)
    return guests


def hear(guest):
    left = len(MESSAGE)
    while left > 0:
        left -= len(guest.recv(left))


def talk(guests, poll, n):
    """Each connection sends again when it has received the echo."""
    for guest in guests.values():
        guest.sendall(MESSAGE)
    left = n
    while left > 0:
        for fd, _ in poll.poll():
            hear(guests[fd])
            left -= 1
            if left >= len(guests):
                guests[fd].sendall(MESSAGE)


def echoing(argv):
    """A new server for each turn, so that each begins with its first memory."""
    def echo(connections, _):
        n = min(ECHOES, 100 * connections) // connections * connections
        with process(argv) as (pid, port), select.epoll() as poll:
            idle = memory_of(pid)
            guests = connect(port, connections, poll)
            before, start = cpu_of(pid), time.monotonic()
            talk(guests, poll, n)
            used = Sample(n, cpu_of(pid) - before, time.monotonic() - start,
                          (memory_of(pid) - idle) / connections)
            for guest in guests.values():
                guest.close()
        return used
    return echo


@contextlib.contextmanager
def rivals(build, here, work, _):
    yield {name: echoing(argv) for name, argv in servers(build, here)}


def describe(load):
    return f'{load:,} connections'
