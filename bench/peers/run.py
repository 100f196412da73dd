#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost of the same work in other languages and libraries.

  run.py [--build DIR] [--rounds N] [--quick] [--write] [CASE...]

Each peer is a program in this folder. It receives a case, the number of
operations at a time, and a number of rounds; avow.c describes the cases. A peer
without the case exits with status 3. The result is the additional processor
time, of all threads and in the system, that twice as many rounds take. Startup
therefore does not count, nor does most of a concurrent compiler. Peers take
turns. DIR must have --buildtype=release (build-release). $KJ, $LIBDEX, $NECO
and $UVCO are checkouts of these peers. --write stores the table in
docs/peers.md.
"""
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import page

NO_SUCH_CASE = 3
ENOUGH = 0.1  # minimum seconds of processor time
MOST = 1 << 20  # maximum number of rounds

# The numbers of operations at a time.
CASES = {
    'settle': (100, 100000), 'chain': (1000,), 'follow': (1000,),
    'await': (1000,), 'start': (1000,), 'all': (10, 1000, 100000),
    'all_settled': (1000,), 'race': (1000,), 'channel': (1000,),
    'sleep': (100000,), 'file': (64,), 'requests': (64,), 'thread': (1000,),
    'pending': (100000,),
}

# The programs that DIR contains.
BUILT = {name: '{build}/bench/peers/peer_' + name for name in ('avow', 'libuv')}

UVCO = ' '.join(f'$UVCO/uvco/{part}.cc' for part in (
    'close', 'exception', 'fs', 'run', 'timer', 'internal/internal_utils',
    'loop/loop', 'loop/scheduler', 'promise/promise', 'promise/promise_core'))

# The program that compiles or runs the peer, Debian's package, the command that
# builds it in the directory {out}, and the command that runs it. Variables of
# the build command are checkouts. KJ 2 asks for the header <print> of a newer
# compiler, but it does not include it.
PEERS = {
    'uvco': ('clang++-19', 'clang-19 libboost-dev libfmt-dev libuv1-dev',
             'clang++-19 -O2 -DNDEBUG -std=c++23 -w -I$UVCO uvco.cpp'
             f' {UVCO} -o {{out}}/uvco $(pkg-config --cflags --libs libuv fmt)',
             '{out}/uvco'),
    'KJ': ('capnp', 'libcapnp-dev capnproto',
           'g++ -O2 -std=c++17 kj.cpp -o {out}/kj'
           ' $(pkg-config --cflags --libs kj-async)', '{out}/kj'),
    'KJ 2': ('clang++-19', 'clang-19 cmake',
             'cmake -S $KJ/c++ -B {out}/kj2-build -DCMAKE_BUILD_TYPE=Release'
             ' -DCMAKE_CXX_COMPILER=clang++-19 -DHAS_CXX23=1'
             ' -DBUILD_TESTING=OFF -DWITH_OPENSSL=OFF -DWITH_ZLIB=OFF'
             ' >{out}/kj2.log && cmake --build {out}/kj2-build'
             ' --target kj-async -j2 >>{out}/kj2.log &&'
             ' clang++-19 -O2 -std=gnu++23 -w -I$KJ/c++/src kj.cpp'
             ' {out}/kj2-build/src/kj/libkj-async.a'
             ' {out}/kj2-build/src/kj/libkj.a -lpthread -o {out}/kj2',
             '{out}/kj2'),
    'libdex': ('meson', 'meson libglib2.0-dev',
               'meson setup {out}/libdex-build $LIBDEX --buildtype=release'
               ' -Ddefault_library=static -Dintrospection=disabled'
               ' -Dvapi=false -Dexamples=false -Dtests=false'
               ' >{out}/libdex.log && ninja -C {out}/libdex-build -j2'
               ' >>{out}/libdex.log && gcc -O2 libdex.c -o {out}/libdex'
               ' $(PKG_CONFIG_PATH={out}/libdex-build/meson-uninstalled'
               ' pkg-config --cflags --libs libdex-1)', '{out}/libdex'),
    'Node': ('node', 'nodejs', None, 'node node.js'),
    'asyncio': ('python3', 'python3', None, 'python3 asyncio_peer.py'),
    'Go': ('go', 'golang-go', 'GOFLAGS=-mod=mod GOCACHE={out}/cache'
           ' go build -o {out}/go peer.go', '{out}/go'),
    'tokio': ('cargo', 'cargo librust-tokio-dev',
              'cp -r tokio {out} && cd {out}/tokio &&'
              ' CARGO_TARGET_DIR={out}/target cargo build -q --release'
              " --offline --config 'source.crates-io.replace-with=\"debian\"'"
              " --config 'source.debian.directory="
              "\"/usr/share/cargo/registry\"'",
              '{out}/target/release/tokio_peer'),
    'neco': ('gcc', 'gcc', 'gcc -O2 -I$NECO neco.c $NECO/neco.c -lpthread'
             ' -o {out}/neco', '{out}/neco'),
}

# The commands that print the versions.
VERSIONS = {
    **BUILT,
    'uvco': "git -C $UVCO log -1 --format='%h of %cs'",
    'KJ': 'pkg-config --modversion kj-async',
    'KJ 2': "git -C $KJ log -1 --format='%h of %cs'",
    'libdex': 'git -C $LIBDEX describe --tags',
    'Node': 'node --version',
    'asyncio': "python3 -c 'import platform as p; print(p.python_version())'",
    'Go': 'go env GOVERSION',
    'tokio': 'ls /usr/share/cargo/registry | grep "^tokio-[0-9]"',
    'neco': 'git -C $NECO describe --tags',
}

# Peers that have no program here, and the reasons.
LEFT_OUT = {'c-asio': 'left out: its coroutines, from c-raii 2.3.1, crash or do'
                      ' not come to an end'}


class Failed(Exception):
    """A peer failed at this number of operations."""


def unset(command):
    """The variables that the command needs and the environment lacks."""
    return [name for name in re.findall(r'\$([A-Z]+)', command or '')
            if name not in os.environ]


def make(out, quick):
    """The command lines of the available peers, and why others are missing."""
    there, missing = {}, dict(LEFT_OUT)
    for name, (program, package, build, call) in PEERS.items():
        if unset(build):
            missing[name] = f'no checkout of it given: set {unset(build)[0]}'
        elif shutil.which(program) is None:
            missing[name] = f'{program} not installed; apt-get install {package}'
        elif build and quick:
            missing[name] = 'not built for --quick'
        elif build and subprocess.run(build.format(out=out), shell=True,
                                      cwd=HERE, check=False).returncode != 0:
            missing[name] = f'cannot be built; it takes {package}'
        else:
            there[name] = shlex.split(call.format(out=out))
    return there, missing


def run(argv, case, n, rounds):
    """The result of a run, or None if the peer does not have the case."""
    running = subprocess.Popen([*argv, case, str(n), str(rounds)], cwd=HERE)
    _, status, used = os.wait4(running.pid, 0)
    running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode == NO_SUCH_CASE:
        return None
    if running.returncode != 0:
        raise Failed(f'{argv[0]} {case} {n}: status {running.returncode}')
    return used


def seconds(used):
    return used.ru_utime + used.ru_stime


def calibrate(argv, case, n):
    """The number of rounds needed, or 0 if the peer does not have the case."""
    rounds = 1
    used = run(argv, case, n, rounds)
    if used is None:
        return 0
    idle = seconds(used)
    while seconds(used) < idle + ENOUGH and rounds < MOST:
        rounds *= 4
        used = run(argv, case, n, rounds)
    return rounds


def nanoseconds(argv, case, n, rounds):
    once = run(argv, case, n, rounds)
    twice = run(argv, case, n, 2 * rounds)
    return (seconds(twice) - seconds(once)) * 1e9 / (rounds * n)


def resident(argv, case, n):
    """Bytes for each operation, from the difference of two runs, because
    ru_maxrss may start at the size of the calling process."""
    half = run(argv, case, 2 * n, 1)
    all_of_it = half and run(argv, case, 4 * n, 1)
    return half and (all_of_it.ru_maxrss - half.ru_maxrss) * 1024 / (2 * n)


def try_one(measuring, *of_what):
    try:
        return measuring(*of_what)
    except Failed as failure:
        page.say(failure)
        return 'fails'


def row(peers, case, n, turns):
    page.say(f'{case}, {n} at a time')
    if case == 'pending':
        return [try_one(resident, argv, case, n) for argv in peers.values()]
    rounds = {name: try_one(calibrate, argv, case, n)
              for name, argv in peers.items()}
    found = {name: [] for name in peers}
    for _ in range(turns):
        for name, argv in peers.items():
            if rounds[name] not in (0, 'fails'):
                found[name].append(nanoseconds(argv, case, n, rounds[name]))
    return [statistics.median(some) if some else rounds[name]
            for name, some in found.items()]


def cell(x):
    if isinstance(x, str):
        return x
    if not x:
        return ''
    return f'{x:.1f}' if x < 100 else f'{x:.0f}'


def versions(peers, build):
    """The versions of the peers, in one paragraph."""
    def version(name):
        command = VERSIONS[name].format(build=build)
        found = subprocess.run(command, shell=True, check=False, text=True,
                               stdout=subprocess.PIPE).stdout.strip()
        return f'{name} ' + re.sub(r'^(v|go|tokio-)', '', found or '(unknown)')
    return textwrap.fill(', '.join(map(version, peers)) + '.', 120)


def faster(peers, figures):
    """The peers with a lower figure than avow, which is the first. A figure
    below 0 is noise."""
    ours, *others = [x if isinstance(x, float) else 0 for x in figures]
    return [name for name, x in zip(list(peers)[1:], others) if 0 < x < ours]


def summary(leaders):
    """A paragraph on the rows in which other peers are faster."""
    rows = [f'{row} ({", ".join(names)})' for row, names in leaders.items()
            if names]
    text = ('avow leads in each row.' if not rows else
            f'avow does not lead in these rows: {"; ".join(rows)}.')
    return textwrap.fill(text, 120)


def available(options, out):
    """The command lines of avow and its peers, and why peers are missing."""
    built = {name: [path.format(build=options.build)]
             for name, path in BUILT.items()}
    if options.alone:
        return {'avow': built['avow']}, {}
    peers, missing = make(out, options.quick)
    return {**built, **peers}, missing


def try_each(options, peers):
    for case in options.case:
        for n in CASES[case]:
            for argv in peers.values():
                run(argv, case, min(n, 100), 1)


def measure_each(options, peers):
    """The rows of the table, and the peers with a lower figure than avow."""
    rows, leaders = [['', *peers]], {}
    for case in options.case:
        unit = 'bytes' if case == 'pending' else 'ns'
        for n in CASES[case]:
            found = row(peers, case, n, options.rounds)
            rows.append([f'{case}, {n:,}: {unit}', *map(cell, found)])
            leaders[f'{case}, {n:,}'] = faster(peers, found)
    return rows, leaders


def measure(options, out):
    peers, missing = available(options, out)
    if options.quick:
        try_each(options, peers)
        return '', missing
    rows, leaders = measure_each(options, peers)
    notes = [] if options.alone else [summary(leaders)]
    parts = [page.table(rows, 1), *notes, versions(peers, options.build)]
    return '\n\n'.join(parts), missing


def main():
    options = page.parse(page.parser_of(__doc__, CASES), CASES)
    with tempfile.TemporaryDirectory() as out:
        with open(f'{out}/file', 'wb') as file:
            file.write(bytes(4096))
        os.environ['PEER_FILE'] = file.name
        text, missing = measure(options, out)
    page.show('peers.md', options, text, missing)


main()
