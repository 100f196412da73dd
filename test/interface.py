#!/usr/bin/env python3
"""Do the public headers say the same as the library?

  interface.py SOURCE-ROOT LIBRARY [NM]

Each function of a header is a symbol of the library, also what is inline, and
each symbol is in a header: languages that cannot read C find all of it. And
each function that makes a promise or a channel has its macro in trace.h.
"""
import os
import re
import subprocess
import sys

# What gives a promise or a channel that was made elsewhere, or whose caller
# notes the place itself.
PASSED_ON = {'avow_ref', 'avow_channel_ref', 'avow_cancel_losers',
             'avow_join_losers', 'avow_async_throwing', 'avow_promise_steal'}

FUNCTION = re.compile(r'\b(AVOW_\w*API|AVOW_INLINE)\b([^;{}()]*?)'
                      r'\(?\b(avow_\w+)\)? ?\(')


def without_cpp(text):
    """What C++ alone sees is no part of the library."""
    return re.sub(r'(?ms)^# *if defined\(__cplusplus\).*?^# *else\b', '', text)


def declared(root):
    """The functions of all headers: name to what it returns."""
    functions = {}
    for name in sorted(os.listdir(f'{root}/include/avow')):
        with open(f'{root}/include/avow/{name}', encoding='utf-8') as file:
            text = re.sub(r'(?s)/\*.*?\*/', ' ', file.read())
        text = re.sub(r'(?m)^ *#(?:[^\n\\]|\\.|\\\n)*', '', without_cpp(text))
        for _, result, function in FUNCTION.findall(text):
            functions[function] = result
    return functions


def macros(root):
    with open(f'{root}/include/avow/trace.h', encoding='utf-8') as file:
        return set(re.findall(r'# *define (avow_\w+)\(', file.read()))


def exported(library, nm):
    out = subprocess.run([nm, '-D', '--defined-only', library], check=True,
                         capture_output=True, text=True).stdout
    return set(re.findall(r' [TW] (avow_\w+)$', out, re.M))


def complaints(root, library, nm):
    functions, noted = declared(root), macros(root)
    symbols = exported(library, nm)
    for name in sorted(set(functions) - symbols):
        yield f'{name}() is in a header, and no symbol: see symbols.c'
    for name in sorted(symbols - set(functions)):
        yield f'{name} is a symbol, and in no header'
    for name, result in sorted(functions.items()):
        makes = re.search(r'avow_(promise|channel)_t \*', result)
        if name.startswith('avow_trace_') or name in PASSED_ON:
            continue
        if makes and name not in noted:
            yield f'{name}() has no macro in trace.h'
    for name in sorted(noted - set(functions)):
        yield f'trace.h has a macro for {name}(), which is not there'


def main():
    root, library = sys.argv[1:3]
    nm = sys.argv[3] if len(sys.argv) > 3 else 'nm'
    found = list(complaints(root, library, nm))
    for line in found:
        print(line)
    sys.exit(bool(found))


main()
