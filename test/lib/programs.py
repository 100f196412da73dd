# SPDX-License-Identifier: MIT
"""Print the files that some tests need, so that Ninja builds no others.

    programs.py BUILD SUITE-OR-TEST...           files that the tests need
    programs.py --tests BUILD SUITE-OR-TEST...   tests that are programs of
                                                 cmocka: NAME PROGRAM [SUITE]
"""
import json
import os
import sys


def read(build, what):
    return json.load(open(os.path.join(build, 'meson-info', what)))


def chosen(build, names):
    for test in read(build, 'intro-tests.json'):
        suites = {suite.split(':')[-1] for suite in test['suite']}
        if not (suites | {test['name']}).isdisjoint(names):
            yield test


def print_tests(build, *names):
    for test in chosen(build, names):
        program, *rest = test['cmd']
        if os.path.basename(program).startswith('test_') and \
                not program.endswith('.sh'):
            print(test['name'], os.path.relpath(program, build), *rest)


def print_files(build, *names):
    files = {target['id']: target['filename']
             for target in read(build, 'intro-targets.json')}
    needed = set()
    for test in chosen(build, names):
        needed.update(*(files[target] for target in test['depends']))
    if not needed:
        sys.exit('no test of %s needs anything built' % ', '.join(names))
    print(*sorted(os.path.relpath(file, build) for file in needed))


if sys.argv[1] == '--tests':
    print_tests(*sys.argv[2:])
else:
    print_files(*sys.argv[1:])
