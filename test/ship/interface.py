#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that the public headers and the library agree.

  interface.py SOURCE-ROOT LIBRARY [NM [ADAPTER]]

The library is that of ADAPTER, or avow itself. Each function of a header,
including inline functions, must be a symbol of the library, so that languages
that cannot read C find all functions. Each symbol must be in a header. An
example or a document must show each name that programs write.
"""
import glob
import os
import re
import subprocess
import sys

# Names that no example or document shows, because programs do not write them.
AUTO = 'functions that the macros of auto.h call, which other languages lack'
UNSHOWN = {
    "the headers' own":
        'AVOW_API AVOW_ASYNC_API AVOW_BUILDING AVOW_HEADER_BEGIN '
        'AVOW_HEADER_END AVOW_INLINE AVOW_MUST_USE AVOW_NO_ASYNC AVOW_NO_PLT '
        'AVOW_PRINTF AVOW_SHARED',
    AUTO:
        'avow_cleanup_run avow_cleanup_t avow_gather_clear avow_group_clear',
    'functions that other functions in headers call':
        'avow_async_throwing avow_await_throwing avow_awaited '
        'avow_coroutine_new avow_coroutine_start avow_then_closure '
        'avow_exceptions_call avow_exceptions_globals avow_exceptions_t '
        'avow_frame_enter',
    'tags that only bindings see':
        'AVOW_CASE_NEXT AVOW_CASE_SEND AVOW_CASE_SETTLED AVOW_PROMISE '
        'AVOW_THENABLE',
    'types of parameters and fields, and their defaults':
        'AVOW_KEEP_PERMISSIONS avow_again_fn avow_case_kind_t avow_delay_fn '
        'avow_event_cb avow_event_t avow_existing_t avow_fn avow_gather_kind_t avow_keep_t '
        'avow_loops_fn avow_map_fn avow_settled_cb avow_slow_cb avow_track_cb '
        'avow_unhandled_cb',
}

NAME = re.compile(r'\b(?:avow|AVOW)_[A-Za-z]\w*')
FUNCTION = re.compile(r'\b(AVOW_\w*API|AVOW_INLINE)\b([^;{}()]*?)'
                      r'\(?\b(avow_\w+)\)? ?\(')


def without_cpp(text):
    """Remove the parts for C++ only, which are not in the library."""
    return re.sub(r'(?ms)^# *if defined\(__cplusplus\).*?^# *else\b', '', text)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


# The adapter to check; None: avow itself.
ADAPTER = None


def adapters(root):
    return {path.split('/')[-2] for path in glob.glob(f'{root}/src/adapters/*/')}


def names_of_headers(root):
    """Return the library's headers, without those of other libraries."""
    if ADAPTER is not None:
        return {f'{ADAPTER}.h'}
    others = {f'{name}.h' for name in adapters(root)} | {'napi.h', 'sim.h'}
    return {name for name in os.listdir(f'{root}/include/avow')
            if name.endswith('.h')} - others


def headers(root):
    """Yield the text of each header, without comments."""
    for name in sorted(names_of_headers(root)):
        text = read(f'{root}/include/avow/{name}')
        yield re.sub(r'(?s)/\*.*?\*/', ' ', text)


def declared(root):
    """Map the functions of all headers to their return types."""
    functions = {}
    for text in headers(root):
        text = re.sub(r'(?m)^ *#(?:[^\n\\]|\\.|\\\n)*', '', without_cpp(text))
        for _, result, function in FUNCTION.findall(text):
            functions[function] = result
    return functions


def named(root):
    """Return all names of the headers except tags of structs, header guards
    and internal names of macros."""
    names = set()
    for text in headers(root):
        names |= set(NAME.findall(re.sub(r'\b(struct|enum) \w+', '', text)))
    return {name for name in names if not name.endswith(('_H', '_'))}


def of_libuv(root):
    """Return the functions with the name of a libuv function, which the table
    documents."""
    rows = re.findall(r'(?m)^\| `uv_(\w+)\(\)` \| (.*?) \|',
                      read(f'{root}/docs/libuv.md'))
    return {f'avow_{name}' for theirs, ours in rows
            for name in re.findall(r'avow_(\w+)', ours)
            if f'_{theirs}'.endswith(f'_{name}')}


def shown(root):
    names = set()
    for path in [f'{root}/README.md', *glob.glob(f'{root}/examples/*.[ch]'),
                 *glob.glob(f'{root}/docs/*.md')]:
        if not path.endswith('/libuv.md'):
            names |= set(NAME.findall(read(path)))
    return names


def exported(library, nm):
    out = subprocess.run([nm, '-D', '--defined-only', library], check=True,
                         capture_output=True, text=True).stdout
    return set(re.findall(r' [TW] (avow_\w+)$', out, re.M))


def complaints(root, library, nm):
    functions, symbols = declared(root), exported(library, nm)
    inline = set(UNSHOWN[AUTO].split())
    for name in sorted(set(functions) - symbols - inline):
        yield f'{name}() of a header is no symbol: see inline_symbols.c'
    for name in sorted(symbols - set(functions)):
        yield f'the symbol {name} is in no header'


def hidden(root):
    names, unshown = named(root), set(' '.join(UNSHOWN.values()).split())
    for name in sorted(names - shown(root) - of_libuv(root) - unshown):
        yield f'no example or document shows {name}: show or remove it'
    for name in sorted(unshown - names if ADAPTER is None else ()):
        yield f'{name} of UNSHOWN is in no header'


def main():
    global ADAPTER
    root, library = sys.argv[1:3]
    nm = sys.argv[3] if len(sys.argv) > 3 else 'nm'
    ADAPTER = sys.argv[4] if len(sys.argv) > 4 else None
    found = [*complaints(root, library, nm), *hidden(root)]
    for line in found:
        print(line)
    sys.exit(bool(found))


main()
