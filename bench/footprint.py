#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the table of docs/memory.md: the cost of one more object of each kind.

  footprint.py [--build BUILD] [--quick] [--write]

Makes a certificate for the rows of TLS with the command openssl, and runs
BUILD/bench/footprint. BUILD was made with --buildtype=release.
"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # a test must not leave files in the sources

import page

CASES = ('all',)
HEADS = ['what', 'bytes of malloc', 'bytes resident', 'descriptors', 'handles',
         'threads']
LEAST = 9  # rows that each build has


def certificate(folder):
    """Returns the files of certificate and key, or no files without openssl."""
    if shutil.which('openssl') is None:
        return []
    files = [f'{folder}/certificate.pem', f'{folder}/key.pem']
    subprocess.run(
        ['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
         'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj',
         '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost',
         '-out', files[0], '-keyout', files[1]],
        check=True, capture_output=True)
    return files


def number(text):
    """A share of less than a tenth belongs to something else."""
    value = float(text)
    return f'{value:,.0f}' if abs(value) >= 0.1 else ''


def cells(line):
    what, malloced, resident, *rest = line.split('\t')
    return [what, *(f'{float(n):,.0f}' for n in (malloced, resident)),
            *map(number, rest)]


def main():
    options = page.parse(page.parser_of(__doc__, CASES), CASES)
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [os.path.join(options.build, 'bench', 'footprint'),
             *certificate(folder)], stdout=subprocess.PIPE, text=True,
            check=True)
    rows = [cells(line) for line in run.stdout.splitlines()]
    if len(rows) < LEAST:
        sys.exit('footprint: rows are missing')
    missing = {} if 'TLS' in run.stdout else {
        'TLS': 'left out: no avow-tls, or no openssl'}
    page.show('memory.md', options, page.table([HEADS, *rows], 1), missing)


if __name__ == '__main__':
    main()
