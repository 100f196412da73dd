#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares costs that do not depend on time with recorded ones.

  counts.py BUILD [--write]

Compares instructions, allocations and system calls, which are the same in each
run, with those in counts.txt. Fails if one has grown by 5 %. --write updates
counts.txt instead. BUILD must have --buildtype=release. Other compilers and
other versions of libuv produce other code: if counts.txt does not name BUILD's,
the script says so and compares nothing. Needs valgrind and strace.
"""
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
KEPT = os.path.join(HERE, 'counts.txt')
MORE = 1.05
LEAST = 0.02  # smaller values count as none
ROUNDS, AT_A_TIME = 20, 1000
ECHOES, FILES = 1000, 200

SETTLING = ('settle chain follow await start all all_settled race '
            'channel sender sender_row').split()
QUESTIONS = ('settle chain follow repeat combine channel timers file '
             'write_file dir echo memory tools stage broadcast async').split()
# libuv's threads and the loop wait for each other now and then.
UNSTEADY = {'futex', 'epoll_wait', 'epoll_pwait', 'sched_yield', 'total',
            'restart_syscall'}
# Its echoes wait for jobs, which the thread pool ends in groups of any size.
UNSTEADY_CASE = 'echo after a job, avow to libuv', '64'


def output(*argv, **more):
    return subprocess.run([str(word) for word in argv], check=True, text=True,
                          stdout=subprocess.PIPE, **more).stdout


def made_with(build):
    with open(f'{build}/compile_commands.json', encoding='utf-8') as file:
        commands = json.load(file)
    command = shlex.split(commands[0]['command'])
    compiler = command[1 if 'ccache' in command[0] else 0]
    said = output(compiler, '--version')
    name = 'clang' if 'clang' in said else 'gcc'
    fast = any(' -O3 ' in one['command'] for one in commands)
    release = 'release' if fast else 'no release build'
    return (f'{name} {output(compiler, "-dumpversion").split(".")[0].strip()}, '
            f'{output(compiler, "-dumpmachine").strip()}, libuv '
            f'{output("pkg-config", "--modversion", "libuv").strip()}, '
            f'{release}')


def refs(program, case):
    said = output('valgrind', '--tool=cachegrind', '--cache-sim=no',
                  '--cachegrind-out-file=/dev/null', program, case, AT_A_TIME,
                  ROUNDS, stderr=subprocess.STDOUT)
    return int(re.search(r'I +refs: +([\d,]+)', said)[1].replace(',', ''))


def instructions(build):
    program = f'{build}/bench/peers/peer_avow'
    beginning = refs(program, 'nothing')
    for case in SETTLING:
        count = refs(program, case) - beginning
        yield f'instructions: {case}', count / (ROUNDS * AT_A_TIME)


def allocations(build):
    """The numbers that the benchmarks themselves count."""
    for question in QUESTIONS:
        program = f'{build}/bench/bench_{question}'
        for line in output(program, '--quick', '--csv').splitlines():
            found = re.match(r'"(.*)",(\d+),(\w+),([\d.]+),.*?,.*?,([\d.]+),',
                             line)
            if found and found.groups()[:2] != UNSTEADY_CASE:
                case, n, unit, amount, asked = found.groups()
                what, count = ('bytes', amount) if unit == 'bytes' else \
                    ('allocations', asked)
                yield f'{what}: {question}: {case}, {n}', float(count)


def counted(path, operations):
    """A line of strace: three times, the number of calls, errors and a name."""
    with open(path, encoding='utf-8') as file:
        lines = [line.split() for line in file if line[:1] == ' ']
    calls = sum(int(line[3]) for line in lines if line[-1] not in UNSTEADY)
    return calls / operations


def echo(port):
    with socket.create_connection(('127.0.0.1', port)) as guest:
        for _ in range(ECHOES):
            guest.sendall(b'x' * 64)
            guest.recv(64, socket.MSG_WAITALL)


def system_calls(build, work):
    programs, log = f'{build}/bench/programs', f'{work}/log'
    trace = ['strace', '-f', '-c', '-o', log]
    for server in ('echo_then', 'echo_await'):
        with subprocess.Popen([*trace, f'{programs}/{server}'], text=True,
                              stdout=subprocess.PIPE,
                              start_new_session=True) as running:
            try:
                echo(int(running.stdout.readline()))
            finally:
                os.killpg(running.pid, signal.SIGTERM)  # strace -o blocks it
        yield f'system calls: {server}', counted(log, ECHOES)
    os.mkdir(f'{work}/files')
    for i in range(FILES):
        with open(f'{work}/files/{i}', 'wb') as file:
            file.write(bytes(1000))
    output(*trace, f'{programs}/read_files', f'{work}/files', 1)
    yield 'system calls: read_files', counted(log, FILES)


def measure(build):
    with tempfile.TemporaryDirectory() as work:
        return {**dict(instructions(build)), **dict(allocations(build)),
                **dict(system_calls(build, work))}


def read_kept():
    with open(KEPT, encoding='utf-8') as file:
        head, *lines = file.read().splitlines()
    return head, dict((name, float(count)) for name, count in
                      (line.rsplit(None, 1) for line in lines))


def write_kept(head, counts):
    width = max(map(len, counts))
    with open(KEPT, 'w', encoding='utf-8') as file:
        print(head, file=file)
        for name, count in counts.items():
            print(f'{name:{width}}  {count:10.3f}', file=file)


def compare(kept, counts):
    """Returns the values that have grown. Missing rows are only reported."""
    for name in sorted(kept.keys() ^ counts.keys()):
        print(f'{name}: {"gone" if name in kept else "not kept yet"}')
    for name in sorted(kept.keys() & counts.keys()):
        if counts[name] > max(kept[name] * MORE, kept[name] + LEAST):
            yield f'{name}: {counts[name]:.3f}, and it was {kept[name]:.3f}'
        elif counts[name] * MORE < kept[name] - LEAST:
            print(f'{name}: {counts[name]:.3f}, less than {kept[name]:.3f}')


def main(build, *options):
    for program in ('valgrind', 'strace'):
        if shutil.which(program) is None:
            sys.exit(f'{program}: not installed; apt-get install {program}')
    build = os.path.abspath(build)
    head = made_with(build)
    if options == ('--write',):
        write_kept(head, measure(build))
        return
    kept_head, kept = read_kept()
    if head != kept_head:
        print(f'not compared: counts.txt is of {kept_head}; this is {head}')
        sys.exit(bool(os.environ.get('CI')))
    counts = measure(build)
    complaints = list(compare(kept, counts))
    if complaints:
        # The allocations of an echo depend on how much each read finds, which
        # varies on a busy machine. Growth therefore counts only if it occurs
        # twice.
        again = measure(build)
        counts = {name: min(count, again.get(name, count))
                  for name, count in counts.items()}
        complaints = list(compare(kept, counts))
    print(*complaints, sep='\n')
    if complaints:
        sys.exit(f'if it is to be so: python3 bench/counts.py {build} --write')


if __name__ == '__main__':
    main(*sys.argv[1:])
