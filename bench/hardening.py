#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The cost of the flags against memory corruption.

  hardening.py

Builds the library for release with and without the flags that SECURITY.md
names, and prints the instructions of each operation in both builds.
Instructions are the same in each run, so load does not matter. Needs valgrind.
"""
import os
import shutil
import subprocess
import sys
import tempfile

import counts

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..')
PROGRAM = 'bench/peers/peer_avow'
FLAGS = 'build_args + fast_args + hard_args'


def run(*argv, **more):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, **more)


def copy_tree(to):
    files = subprocess.run(['git', 'ls-files', '-z'], cwd=ROOT, check=True,
                           stdout=subprocess.PIPE).stdout.split(b'\0')
    for name in filter(None, map(os.fsdecode, files)):
        os.makedirs(os.path.dirname(f'{to}/{name}'), exist_ok=True)
        shutil.copy2(f'{ROOT}/{name}', f'{to}/{name}', follow_symlinks=False)


def take_flags_away(tree):
    path = f'{tree}/src/meson.build'
    with open(path, encoding='utf-8') as file:
        text = file.read()
    if FLAGS not in text:
        sys.exit(f'src/meson.build has no {FLAGS}')
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text.replace(FLAGS, 'build_args + fast_args'))


def measure(tree, name):
    build = f'{tree}/{name}'
    print(f'{name}: building', file=sys.stderr)
    run('meson', 'setup', build, tree, '--buildtype=release',
        '-Dtests=disabled', '-Dexamples=false')
    run('ninja', '-C', build, PROGRAM)
    print(f'{name}: counting', file=sys.stderr)
    return dict(counts.instructions(build))


def main():
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as tree:
        copy_tree(tree)
        hard = measure(tree, 'with the flags')
        take_flags_away(tree)
        plain = measure(tree, 'without them')
    print('| operation   | with the flags | without | times |')
    print('| ----------- | -------------: | ------: | ----: |')
    for name, count in hard.items():
        print(f'| {name.split(": ")[1]:11} | {count:14.0f} | '
              f'{plain[name]:7.0f} | {count / plain[name]:5.2f} |')


main()
