#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests that all begin at once, with avow-curl and with others.

  at_once.py [--build DIR] [--rounds N] [--quick] [--alone] [CASE]

Each client starts 10,000 requests for 1 KiB to one host and waits for all of
them, with a limit of 256 descriptors. Case http uses HTTP/1.1 to
examples/serve. Case h2 uses HTTP/2 with TLS to nginx. Clients take turns. The
result is the shortest elapsed time of each. The floor is C with plain libcurl,
limited to 6 connections or, over HTTP/2, to 100 transfers at a time.
Connections are those that a client reports. DIR must have --buildtype=release
(build-release).
"""
import contextlib
import os
import socket
import sys
import tempfile

import run
from run import FLOOR, HERE, machine, page

CASES = ['http', 'h2']
HEADS = ['by', 'client', 'connections', 'seconds', 'times the quickest',
         'times the floor']
HOST = 6
STREAMS = 100
NGINX = '''daemon off; worker_processes 1;
pid {work}/pid; error_log {work}/errors;
events {{ worker_connections 1024; }}
http {{ access_log off; root {work}/files; keepalive_requests 1000000;
  client_body_temp_path {work}/a; proxy_temp_path {work}/b;
  fastcgi_temp_path {work}/c; uwsgi_temp_path {work}/d; scgi_temp_path {work}/e;
  server {{ listen 127.0.0.1:{port} ssl http2; ssl_certificate {pem};
    ssl_certificate_key {pem}; }} }}
'''


def few(argv):
    """Runs a command with a limit of 256 descriptors."""
    return ['sh', '-c', 'ulimit -n 256; exec "$@"', 'sh', *argv]


def clients(build, work, case, url, n):
    """Name and command line."""
    ours = f'{build}/bench/transfers'
    by_hand = HOST if case == 'http' else STREAMS
    yield 'avow: all_settled', [f'{ours}/transfers_avow', 'all', url, n, 1]
    yield 'avow: limited by hand', [f'{ours}/transfers_avow', 'fetch', url, n,
                                    by_hand]
    yield FLOOR, [f'{ours}/transfers_floor', url, n, by_hand]
    if machine.find('curl', 'curl'):
        yield 'curl --parallel', [
            'curl', '-s', '--no-progress-meter', '--parallel', '-w',
            '%{http_code} %{num_connects}\n', '-K', run.config(work, url, n)]
    node = machine.find('node', 'nodejs')
    if node and case == 'http':
        yield 'Node: http, 6 sockets', [
            node, f'{HERE}/../programs/rivals/gather_http.js', url, n, HOST]
    elif node:
        yield 'Node: http2', [node, f'{HERE}/h2.js', url, n]


def turn(argv, n):
    said, _, elapsed = machine.command(few(argv))
    answers, connections = run.counted(said)
    if answers != n:
        raise SystemExit(f'{argv[0]}: {answers} answers, not {n}')
    return elapsed, connections


def measure(options, work, case, url, n):
    """The shortest time by name, and the connections in that turn."""
    some = {name: argv for name, argv in
            clients(options.build, work, case, url, n)
            if not options.alone or name.startswith('avow')}
    turns = {name: [] for name in some}
    for i in range(options.rounds):
        for name, argv in some.items():
            page.say(f'{case}, round {i + 1} of {options.rounds}, {name}')
            turns[name].append(turn(argv, n))
    return {name: min(each, key=lambda one: one[0])
            for name, each in turns.items()}


def rows_of(case, found):
    """The floor is not a client, so it cannot be the fastest one."""
    quickest = min(one for name, (one, _) in found.items() if name != FLOOR)
    floor = found.get(FLOOR, [0])[0]
    for name, (elapsed, connections) in found.items():
        yield [case, name, str(connections or ''), f'{elapsed:.2f}',
               f'{elapsed / quickest:.2f}',
               f'{elapsed / floor:.2f}' if floor else '']


@contextlib.contextmanager
def server(build, case, work):
    """The URL of 1 KiB."""
    if case == 'http':
        with machine.process(run.server(build, 'http', work)) as (_, port):
            yield f'http://127.0.0.1:{port}/1k'
        return
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    with open(f'{work}/nginx.conf', 'w', encoding='utf-8') as file:
        file.write(NGINX.format(work=work, port=port, pem=run.papers(work)))
    argv = [machine.find('nginx', 'nginx'), '-e', f'{work}/errors', '-c',
            f'{work}/nginx.conf']
    with machine.process(argv, port):
        yield f'https://127.0.0.1:{port}/1k'


def rows(options, case, n):
    with tempfile.TemporaryDirectory() as work:
        os.chmod(work, 0o755)
        os.mkdir(f'{work}/files')
        with open(f'{work}/files/1k', 'wb') as file:
            file.write(os.urandom(1024))
        with server(options.build, case, work) as url:
            return list(rows_of(case, measure(options, work, case, url, n)))


def is_there(case):
    return case == 'http' or (machine.find('openssl', 'openssl') and
                              machine.find('nginx', 'nginx'))


def main():
    options = page.parse(page.parser_of(__doc__, CASES), CASES)
    n = 10000
    if options.quick:
        options.rounds, n = 1, 500
    os.environ['NO_PROXY'] = '*'
    table = [HEADS]
    for case in filter(is_there, options.case):
        table += rows(options, case, n)
    if options.write:
        sys.exit('no page has this table')
    page.show('', options, page.table(table, 2), machine.missing)


main()
