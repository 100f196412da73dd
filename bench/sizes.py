#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The size of programs that are linked with the static library.

  sizes.py [--check] LIBRARY CC...

Links small programs as their users would, with -Os and --gc-sections. Each
program has a row with the code and data that the library adds, and the linked
files of each layer of src/. --check fails if a program contains files of layers
that it does not use. Sizes depend on the compiler, files do not. Environment:
UV_CFLAGS and UV_LIBS.
"""
import collections
import os
import re
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ENGINE = ['base', 'fiber', 'value', 'engine']

# Each program, and the layers above the engine that it uses.
PROGRAMS = [
    ('a promise', 'avow_promise_new avow_then avow_run', ''),
    ('all, any', 'avow_all avow_any', ''),
    ('sleep, timeout', 'avow_sleep avow_timeout', ''),
    ('await', 'avow_async avow_await', ''),
    ('remotes', 'avow_remote_new', ''),
    ('a channel', 'avow_channel_new avow_channel_next', 'channel'),
    ('stages', 'avow_channel_map avow_channel_batch', 'channel flow'),
    ('a sender', 'avow_sender_new', 'channel flow'),
    ('a limiter', 'avow_limiter_new', 'tools'),
    ('a rate', 'avow_rate_new', 'tools'),
    ('a cache', 'avow_cache_new', 'tools flow'),
    ('retry', 'avow_retry', 'tools'),
    ('map, each', 'avow_map avow_each', 'channel tools'),
    ('a broadcast', 'avow_broadcast_new', 'channel tools flow'),
    ('a watch', 'avow_watch_new', 'channel tools flow'),
    ('work', 'avow_work', 'uv'),
    ('a stat', 'avow_fs_stat', 'uv'),
    ('whole files', 'avow_read_file avow_write_file', 'uv'),
    ('a tree', 'avow_copy_tree avow_remove_tree', 'channel tools uv sys'),
    ('a connection', 'avow_tcp_connect avow_read avow_write', 'uv'),
    ('lines of streams', 'avow_reader_new avow_reader_line', 'tools uv'),
    ('signals', 'avow_signals', 'channel uv'),
    ('a command', 'avow_command', 'channel uv sys'),
    ('loops', 'avow_loops_new avow_loops_run', 'loops'),
]

SOURCE = '''\
#include <avow/all.h>
static void (*const volatile used[])(void) = { %s };
int main(void) {
  uv_loop_t loop;
  if (uv_loop_init(&loop) != 0 || avow_loop_init(&loop, NULL) != 0)
    return 1;
  const int lacks = used[0] == NULL;
  return lacks || avow_loop_close(&loop) != 0 || uv_loop_close(&loop) != 0;
}
'''
WITHOUT = '''\
#include <uv.h>
int main(void) {
  uv_loop_t loop;
  return uv_loop_init(&loop) != 0 || uv_loop_close(&loop) != 0;
}
'''


def output(*argv):
    return subprocess.run(argv, check=True, text=True,
                          stdout=subprocess.PIPE).stdout


class Linker:
    def __init__(self, library, cc, work):
        self.library, self.cc, self.work = os.path.abspath(library), cc, work

    def link(self, source):
        """The program's code, its data, and the files of the library in it."""
        made = [f'{self.work}/{name}' for name in ('program.c', 'program', 'map')]
        with open(made[0], 'w', encoding='utf-8') as file:
            file.write(source)
        output(*self.cc, '-Os', '-ffunction-sections', '-fdata-sections',
               f'-I{HERE}/../include', *words('UV_CFLAGS'), made[0], '-o', made[1],
               '-Wl,--gc-sections', f'-Wl,-Map={made[2]}', self.library,
               *words('UV_LIBS'), '-lpthread', '-lm')
        output(made[1])
        code, data = output('size', made[1]).splitlines()[1].split()[:2]
        with open(made[2], encoding='utf-8') as file:
            named = re.findall(
                r'libavow(?:-checked)?\.a\((\w+?)_(\w+)\.[cS]\.\w+\)',
                file.read())
        return int(code), int(data), {f'{layer}/{name}' for layer, name in named}


def words(name):
    return shlex.split(os.environ.get(name, ''))


def layer_of(file):
    return file.split('/')[0]


def unused(files, layers):
    """Files that the program contains and does not use."""
    return sorted(file for file in files
                  if layer_of(file) not in ENGINE + layers.split())


def row(name, code, data, files):
    count = collections.Counter(map(layer_of, files))
    above = ' '.join(f'{layer} {count[layer]}' for layer in count
                     if layer not in ENGINE)
    engine = sum(count[layer] for layer in ENGINE)
    return f'| {name:16} | {code:7} | {data:6} | {engine:6} | {above} |'


def main(library, *cc):
    failed = False
    with tempfile.TemporaryDirectory() as work:
        linker = Linker(library, cc, work)
        no_code, no_data, _ = linker.link(WITHOUT)
        print('| program          |    code |   data | engine | above it |')
        print('|---|---|---|---|---|')
        for name, uses, layers in PROGRAMS:
            named = ', '.join(f'(void (*)(void)) {word}' for word in uses.split())
            code, data, files = linker.link(SOURCE % named)
            print(row(name, code - no_code, data - no_data, sorted(files)))
            for file in unused(files, layers) if CHECKS else ():
                print(f'{name}: has src/{file}, which it does not use')
                failed = True
    sys.exit(failed)


CHECKS = sys.argv[1:2] == ['--check']
if __name__ == '__main__':
    main(*sys.argv[1 + CHECKS:])
