# SPDX-License-Identifier: MIT
"""Many requests at once, and an outcome for each: what does a client take?

All clients request 1 KiB from examples/serve over 64 reused connections. Node's
fetch() opens any number of connections.
"""
import contextlib
import os
import re

from machine import Sample, command, find, process

UNIT = 'request'
LOADS = [1000, 10000]
SMALL = [10]
CONNECTIONS = 64


def clients(build, here, url, port):
    """Names, and the command lines for this number of requests."""
    yield 'avow: all_settled', lambda n: [
        f'{build}/bench/programs/gather', port, '/1k', n, CONNECTIONS]
    if find('curl', 'curl'):
        yield 'curl --parallel', lambda n: [
            'curl', '-s', '--noproxy', '*', '--parallel', '--parallel-max',
            CONNECTIONS, '-o', '/dev/null', '-w', '%{http_code}\n',
            f'{url}?[1-{n}]']
    node = find('node', 'nodejs')
    if node:
        yield 'Node: http', lambda n: [
            node, f'{here}/rivals/gather_http.js', url, n, CONNECTIONS]
        yield 'Node: fetch', lambda n: [
            node, f'{here}/rivals/gather_fetch.js', url, n]


def gathering(command_of):
    def gather(n, _):
        said, cpu, elapsed = command(command_of(n))
        answers = re.match(r'(\d+) answers', said)
        count = int(answers[1]) if answers else said.split().count('200')
        if count != n:
            raise SystemExit(f'{count} answers, not {n}')
        return Sample(n, cpu, elapsed)
    return gather


@contextlib.contextmanager
def rivals(build, here, work, _):
    with open(f'{work}/1k', 'wb') as file:
        file.write(os.urandom(1024))
    serve = [f'{build}/examples/serve', '--port', '0', '--clients', '10000',
             work]
    with process(serve) as (_, port):
        url = f'http://127.0.0.1:{port}/1k'
        yield {name: gathering(command_of)
               for name, command_of in clients(build, here, url, port)}


def describe(load):
    return f'{load:,} at once'
