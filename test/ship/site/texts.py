#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that each function, type and macro of the public headers has a text.

  texts.py SOURCE-ROOT

The text must be directly above the declaration and say more than its name,
because references and manual pages have no other text.
"""
import os
import sys


def complaints(all_headers):
    for header in all_headers:
        if not header.about:
            yield f'{header.name} has no comment at its beginning'
        for entry in header.entries:
            words = [word for word in entry.text.split() if word != entry.name]
            if len(words) < 3:
                yield (f'{header.name}:{entry.line}: {entry.name} has no text '
                       'of its own')


def main():
    root = sys.argv[1]
    sys.path.insert(0, os.path.join(root, 'docs', 'site'))
    sys.dont_write_bytecode = True
    import cpp
    import headers
    found = list(complaints(headers.all_of(root) + cpp.all_of(root)))
    names = [entry.name for header in headers.all_of(root)
             for entry in header.entries]
    if len(names) < 400 or not {'avow_then', 'avow_value_t', 'avow_stackless',
                                'AVOW_AWAIT', 'avow_async', 'avow_napi_open',
                                'avow_napi_value', 'avow_napi_promise',
                                'avow_napi_from'} <= set(names):
        found.append('headers.py does not find the expected names')
    classes = {entry.name for header in cpp.all_of(root)
               for entry in header.entries}
    if 'avow_napi_hear' in names or not {
            'avow::promise', 'avow::value', 'avow::error', 'avow::deferred',
            'avow::channel', 'avow::all', 'avow::outcome'} <= classes or \
            'avow::coroutine' in classes:
        found.append('cpp.py does not find the expected names')
    for line in found:
        print(line)
    sys.exit(bool(found))


main()
