#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write the interface of avow as JSON, for programs that make bindings.

    api.py ROOT [HEADER...]              writes to standard output
    api.py --check FILE NM LIBRARY...    compares it with the symbols

docs/bindings.md describes the JSON. HEADER restricts it to some headers, such
as fs.h.
"""
import json
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # root must not write to the sources
import headers

LIBRARIES = {'curl.h': 'avow-curl', 'nats.h': 'avow-nats', 'tls.h': 'avow-tls',
             'sim.h': 'avow_sim'}
# No library has symbols of these: C++ and Node compile all of napi.h.
WITHOUT_SYMBOLS = {'napi.h', 'sim.h', 'auto.h'}
# Only functions in headers call these.
INTERNAL = {'avow_awaited'}
PREFIXES = re.compile(r'AVOW_\w*(?:API|INLINE|MUST_USE)\b|static inline\b|'
                      r'AVOW_PRINTF\([^)]*\)')
TAKEN = re.compile(r'avow_(promise|deferred|remote|channel)_t \*(const \[\])?|'
                   r'avow_value_t( \[\])?')
OUT = re.compile(r'avow_\w+ \*\*|(avow_value_t|avow_stats_t|int64_t|size_t) \*')
# Parameters whose type does not tell the word: the word, and the code with
# which the caller keeps the argument.
SPECIAL = {
    'avow_bytes_new data': ('out', None),
    'avow_channel_try_send item': ('taken', 'UV_EAGAIN'),
    'avow_sender_try_send item': ('taken', 'UV_EAGAIN'),
    'avow_select cases': ('taken', None),
    'avow_object self': ('taken', None),
    'avow_then_closure data': ('taken', 'UV_EINVAL'),
    'avow_coroutine_new own': ('taken', 'UV_EINVAL'),
    'avow_loops_close loops': ('taken', 'UV_EINVAL'),
    'avow_free p': ('taken', None),
    'avow_realloc p': ('taken', 'UV_ENOMEM'),
    'avow_sim_free p': ('taken', None),
    'avow_sim_realloc p': ('taken', 'UV_ENOMEM'),
}


def bare(code):
    """The code on one line, without comments and macros of avow."""
    text = re.sub(r'(?s)/\*.*?\*/', ' ', code)
    return ' '.join(PREFIXES.sub(' ', text).split()).rstrip('; ')


def split(parameters):
    """The parameters, of which some are pointers to functions."""
    parts = re.split(r', (?![^()]*\))', parameters)
    return [] if parts == ['void'] else parts


def ownership(function, name, type_):
    """Return the words of docs/bindings.md, mostly from the parameter's type."""
    if f'{function} {name}' in SPECIAL:
        word, code = SPECIAL[f'{function} {name}']
    elif re.search('_(clear|steal)$', function) and type_.endswith('*'):
        word, code = 'changed', None
    elif OUT.fullmatch(type_):
        word, code = 'out', None
    elif TAKEN.fullmatch(type_) or re.search('_(unref|drop)$', function):
        word, code = 'taken', None
    else:
        word, code = 'borrowed' if type_.endswith(('*', ']')) else None, None
    return {key: text for key, text in (('ownership', word), ('unless', code))
            if text}


def parameter(function, text):
    callback = re.fullmatch(r'(.*\(\*)(\w+)(\).*)', text)
    if text == '...':
        return {'name': '...', 'type': '...'}
    if callback:
        return {'name': callback[2], 'type': callback[1] + callback[3]}
    type_, name, array = re.fullmatch(r'(.*?)(\w+)(\[\])?', text).groups()
    type_ = (type_ + (array or '')).strip()
    return {'name': name, 'type': type_} | ownership(function, name, type_)


def parameters(function, texts):
    """A function with a free_fn takes the data that it frees."""
    found = [parameter(function, text) for text in texts]
    names = [one['name'] for one in found]
    if 'free_fn' in names and 'data' in names:
        found[names.index('data')]['ownership'] = 'taken'
    return found


def errors(texts):
    """The codes and their condition. A text without codes is a condition."""
    for text in texts:
        codes, condition = headers.coded(text)
        yield {'codes': re.findall(headers.CODE, codes), 'when': condition}


def function(header, entry):
    returns, rest = re.fullmatch(
        rf'(.*?)\(?\b{entry.name}\)? ?\((.*)\)', bare(entry.code)).groups()
    described = {
        'name': entry.name,
        'header': f'avow/{header.name}',
        'library': LIBRARIES.get(header.name, 'avow'),
        'symbol': header.name not in WITHOUT_SYMBOLS,
        'returns': returns.strip(),
        'parameters': parameters(entry.name, split(rest)),
        'summary': ' '.join(entry.summary.split())}
    labels = dict(entry.labels)
    for label in ('settles', 'items', 'cancel', 'owns', 'blocks', 'thread',
                  'platform'):
        if label in labels:
            described[label] = labels[label]
    failures = [*errors(entry.labeled('rejects', 'fails', 'error'))]
    return described | ({'errors': failures} if failures else {})


def values(code):
    """The constants of an enumeration, with their numbers."""
    found, number = {}, 0
    for part in re.search(r'\{(.*)\}', code)[1].split(','):
        name, _, given = (text.strip() for text in part.partition('='))
        if not name:
            continue
        number = eval(given, {}, found) if given else number
        found[name] = number
        number += 1
    return found


def type_of(header, entry):
    code = bare(entry.code)
    described = {'name': entry.name, 'header': f'avow/{header.name}',
                 'code': code, 'summary': ' '.join(entry.summary.split())}
    if re.match(r'(typedef )?enum', code):
        described['values'] = values(code)
    return described


def interface(root, names):
    found = [header for header in headers.all_of(root)
             if not names or header.name in names]
    entries = [(header, entry) for header in found for entry in header.entries]
    return {
        'version': re.search(r'AVOW_VERSION +"(.*)"', open(
            f'{root}/include/avow/config.h', encoding='utf-8').read())[1],
        'functions': [function(h, e) for h, e in entries
                      if e.kind == 'function'],
        'types': [type_of(h, e) for h, e in entries if e.kind == 'type']}


def complaints(path, nm, libraries):
    told = subprocess.run([nm, '-D', '--defined-only', *libraries], text=True,
                          check=True, capture_output=True).stdout
    symbols = set(re.findall(r' [TW] (avow_\w+)$', told, re.M)) - INTERNAL
    with open(path, encoding='utf-8') as file:
        functions = json.load(file)['functions']
    described = {f['name'] for f in functions if f['symbol']}
    for name in sorted(described ^ symbols):
        yield f'{name} is only {"a symbol" if name in symbols else "described"}'
    for f in functions:
        if f['returns'] == 'avow_promise_t *' and 'settles' not in f:
            yield f'{f["name"]} does not tell with what it settles'


def main(arguments):
    if arguments[0] == '--check':
        found = list(complaints(arguments[1], arguments[2], arguments[3:]))
        sys.exit('\n'.join(found) or 0)
    json.dump(interface(arguments[0], arguments[1:]), sys.stdout, indent=1,
              ensure_ascii=False)
    print()


main(sys.argv[1:])
