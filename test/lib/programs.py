# SPDX-License-Identifier: MIT
"""Prints what some tests need of a build directory, for Ninja to build no more.

    programs.py BUILD SUITE-OR-TEST...
"""
import json
import os
import sys


def read(build, what):
    return json.load(open(os.path.join(build, 'meson-info', what)))


def main(build, *names):
    files = {target['id']: target['filename']
             for target in read(build, 'intro-targets.json')}
    needed = set()
    for test in read(build, 'intro-tests.json'):
        suites = {suite.split(':')[-1] for suite in test['suite']}
        if not (suites | {test['name']}).isdisjoint(names):
            needed.update(*(files[target] for target in test['depends']))
    if not needed:
        sys.exit('no test of %s needs anything built' % ', '.join(names))
    print(*sorted(os.path.relpath(file, build) for file in needed))


main(*sys.argv[1:])
