#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Requests over HTTP and HTTPS with libcurl, avow-curl and others.

  run.py [--build DIR] [--rounds N] [--quick] [--alone] [--write] [CASE]

Each client requests 1 KiB from examples/serve 10,000 times, 32 at a time, over
reused connections, without and with TLS (the cases http and https). The result
is the processor time of the client from its start to its end, including the
kernel. Clients take turns, and the best turn of each counts. A client that
reports more than 32 connections has failed. DIR must have --buildtype=release
(build-release). --write stores the table in docs/curl.md.
"""
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(HERE, '../programs')]
import machine
import page

AT_ONCE = 32
CASES = ['http', 'https']
HEADS = ['by', 'client', 'a second', 'µs of processor', 'times the quickest',
         'times the floor']
FLOOR = 'floor: curl_multi in C'


def config(work, url, n):
    """curl has no other way to name this many URLs and output files."""
    path = f'{work}/urls'
    with open(path, 'w', encoding='utf-8') as file:
        file.write(f'url = "{url}"\noutput = "/dev/null"\n' * n)
    return path


def papers(work):
    """A certificate that all clients trust, each in its own way."""
    path = f'{work}/both'
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes',
         '-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1',
         '-keyout', path, '-out', path], check=True, stderr=subprocess.DEVNULL)
    os.environ['CURL_CA_BUNDLE'] = path
    os.environ['NODE_EXTRA_CA_CERTS'] = path
    return path


def server(build, case, folder):
    tls = ['--tls', papers(folder)] if case == 'https' else []
    return [f'{build}/examples/serve', '--port', '0', *tls, f'{folder}/files']


def clients(build, work, url, n):
    """Name and command line."""
    ours = f'{build}/bench/transfers'
    yield 'avow_curl_perform', [f'{ours}/transfers_avow', 'perform', url, n,
                                AT_ONCE]
    yield 'avow_curl_fetch', [f'{ours}/transfers_avow', 'fetch', url, n,
                              AT_ONCE]
    yield FLOOR, [f'{ours}/transfers_floor', url, n, AT_ONCE]
    if machine.find('curl', 'curl'):
        yield 'curl --parallel', [
            'curl', '-s', '--no-progress-meter', '--parallel',
            '--parallel-max', AT_ONCE, '-w', '%{http_code} %{num_connects}\n',
            '-K', config(work, url, n)]
    node = machine.find('node', 'nodejs')
    if node:
        yield "Node's fetch", [node, f'{HERE}/fetch.js', url, n, AT_ONCE]


def counted(said):
    """Responses and connections. fetch() does not report connections."""
    ours = re.match(r'(\d+) answers, \d+ bytes(?:, (\d+) connections)?', said)
    if ours:
        return int(ours[1]), ours[2] and int(ours[2])
    lines = [line.split() for line in said.splitlines()]
    return (sum(status == '200' for status, _ in lines),
            sum(int(connects) for _, connects in lines))


def turn(argv, n):
    said, cpu, elapsed = machine.command(argv)
    answers, connections = counted(said)
    if answers != n or (connections or 0) > AT_ONCE:
        raise SystemExit(f'{argv[0]}: {answers} answers, not {n}; '
                         f'{connections} connections')
    return cpu, elapsed


def measure(options, work, url, n):
    """The lowest processor time and elapsed time by name."""
    some = {name: argv for name, argv in clients(options.build, work, url, n)
            if not options.alone or name.startswith('avow')}
    turns = {name: [] for name in some}
    for i in range(options.rounds):
        for name, argv in some.items():
            page.say(f'{url.split(":")[0]}, round {i + 1} of '
                     f'{options.rounds}, {name}')
            turns[name].append(turn(argv, n))
    return {name: list(map(min, zip(*each))) for name, each in turns.items()}


def rows_of(case, found, n):
    """The floor is not a client, so it cannot be the fastest one."""
    quickest = min(cpu for name, (cpu, _) in found.items() if name != FLOOR)
    floor = found.get(FLOOR, [0])[0]
    for name, (cpu, elapsed) in found.items():
        yield [case, name, f'{n / elapsed:.0f}', f'{cpu * 1e6 / n:.1f}',
               f'{cpu / quickest:.2f}' if quickest else '',
               f'{cpu / floor:.2f}' if floor else '']


def rows(options, case, n):
    with tempfile.TemporaryDirectory() as work:
        os.mkdir(f'{work}/files')
        with open(f'{work}/files/1k', 'wb') as file:
            file.write(os.urandom(1024))
        with machine.process(server(options.build, case, work)) as (_, port):
            url = f'{case}://127.0.0.1:{port}/1k'
            return list(rows_of(case, measure(options, work, url, n), n))


def cases_of(options):
    for case in options.case:
        if case == 'http' or machine.find('openssl', 'openssl'):
            yield case


def main():
    options = page.parse(page.parser_of(__doc__, CASES), CASES)
    n = 10000
    if options.quick:
        options.rounds, n = 1, 100
    os.environ['NO_PROXY'] = '*'
    table = [HEADS]
    for case in cases_of(options):
        table += rows(options, case, n)
    page.show('curl.md', options, page.table(table, 2), machine.missing)


if __name__ == '__main__':
    main()
