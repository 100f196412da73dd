#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that each debian/*.symbols lists exactly the functions of its library.

  symbols.py SOURCE-ROOT LIBRARY...
  symbols.py --write SOURCE-ROOT LIBRARY...

A missing symbol gets the current version, which introduces it. A removed
symbol is an error while its version is released. Therefore --write does not
remove it: remove it by hand, with a new soname.
"""
import os
import re
import subprocess
import sys


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def version(root):
    return re.search(r'(?m)^#define AVOW_VERSION +"(.*)"',
                     read(f'{root}/include/avow/config.h'))[1]


def exported(library):
    out = subprocess.run(['nm', '-D', '--defined-only', library], check=True,
                         capture_output=True, text=True).stdout
    return set(re.findall(r' [TW] (avow_\w+)$', out, re.M))


def soname(library):
    """The soname of the release build, which Debian packages."""
    out = subprocess.run(['readelf', '-d', library], check=True,
                         capture_output=True, text=True).stdout
    return re.search(r'SONAME.*\[(.*)\]', out)[1].replace('-checked', '')


class Symbols:
    """The symbols file of a library, such as libavow0 for libavow.so.0."""

    def __init__(self, root, library):
        self.soname = soname(library)
        self.base, self.number = self.soname.split('.so.')
        self.path = f'{root}/debian/{self.base}{self.number}.symbols'
        self.since = dict(re.findall(r'(?m)^ (avow_\w+)@Base (\S+)$',
                                     read(self.path)
                                     if os.path.exists(self.path) else ''))

    def write(self):
        with open(self.path, 'w', encoding='utf-8') as file:
            print(f'{self.soname} {self.base}{self.number} #MINVER#', file=file)
            print(f'* Build-Depends-Package: {self.base}-dev', file=file)
            for name, since in sorted(self.since.items()):
                print(f' {name}@Base {since}', file=file)


def differences(root, library, write):
    symbols, there = Symbols(root, library), exported(library)
    name = os.path.relpath(symbols.path, root)
    missing = sorted(there - set(symbols.since))
    if write and (missing or not os.path.exists(symbols.path)):
        symbols.since.update((symbol, version(root)) for symbol in missing)
        symbols.write()
        missing = []
    for symbol in missing:
        yield f'{name} lacks {symbol}; run python3 test/ship/symbols.py --write'
    for symbol in sorted(set(symbols.since) - there):
        yield f'{name} has {symbol}, which {symbols.soname} lacks'


def main(*arguments):
    write = arguments[0] == '--write'
    root, *libraries = arguments[write:]
    found = [line for library in libraries
             for line in differences(root, library, write)]
    for line in found:
        print(line)
    return bool(found) or not libraries


sys.exit(main(*sys.argv[1:]))
