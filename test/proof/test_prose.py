#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that prose.py finds habits, and only those."""
import sys

sys.dont_write_bytecode = True
import prose

LONG = ' '.join(['word'] * 31)
# The name of a file, its text, and the habits in it.
CASES = [
    ('a.c', '/* What waits is served. */', ['who, what first']),
    ('a.c', '/*\n * Fine.\n * Who waits\n * is served.\n */',
     ['who, what first']),
    ('a.c', '// Nothing that nobody wants.\nint x;', ['nobody']),
    ('a.c', 'char *s = "/* What waits is served. */";', []),
    ('a.c', '/* What is it? */', []),
    ('a.h', '/**\n * Lets go of `p`.\n *\n * @settles so many\n */',
     ['let go of', 'so many']),
    ('a.h', '/**\n * Lists.\n *\n *   what();\n *   nobody();\n */', []),
    ('a.h', '/* who waits */', []),
    ('a.h', '/* The file is gone, but for its name. */',
     ['has gone', 'but for']),
    ('a.h', "/* A timer of libuv's. */", ["of libuv's"]),
    ('a.h', "/* One of libuv's timers. */", []),
    ('a.h', '/* It waits, for the disk is slow. */', [', for']),
    ('a.h', '/* It waits, for example in a test. */', []),
    ('a.h', '/* A file, for all users that there are. */', []),
    ('a.h', f'/* A {LONG}. */', ['long']),
    ('a.py', f'# SPDX-License-Identifier: MIT\n# A {LONG}.', ['long']),
    ('a.py', '"""What waits."""\nx = 1', ['who, what first']),
    ('a.sh', '#!/bin/sh\n# Nobody\nx # nobody', ['nobody']),
    ('a.sh', '#include <nobody.h>', []),
    ('a.md', '# Title\n\nFine.\n\n    nobody\n\n```c\nnobody();\n```\n', []),
    ('a.md', '* Fine\n* What waits\n\n| nobody | `nobody` |',
     ['who, what first', 'nobody']),
    ('meson_options.txt', "option('x', description: 'what is so long')",
     ['so many'])]

for name, text, habits in CASES:
    found = [habit for habit, _, _ in prose.faults(name, text)]
    assert found == habits, (name, text, found)
