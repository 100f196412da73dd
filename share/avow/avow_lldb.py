# SPDX-License-Identifier: MIT
"""
Print values and promises of avow in lldb, from a process or a core:

    (lldb) command script import /usr/share/avow/avow_lldb.py
    (lldb) frame variable v
    (avow_value_t) v = ERROR ENOENT "open 'settings': no such file or directory"
    (lldb) frame variable *p
    (avow_promise_t) *p = pending then

Only gdb shows functions that are parked: avow-gdb.py. The library needs debug
information.
"""
import errno

import lldb

TAGS = ('NONE INT DOUBLE POINTER OBJECT BYTES LIST ERROR PROMISE '
        'THENABLE').split()
STATES = 'pending', 'fulfilled', 'rejected'
MOST = 200  # bytes that are shown


def number(value, *path):
    for name in path:
        value = value.GetChildMemberWithName(name)
    return value.GetValueAsUnsigned()


def held(value, type_name):
    """What the value points to, as that type; None if it is unknown."""
    found = value.GetTarget().FindFirstType(type_name)
    at = number(value, 'u', 'p')
    if not found.IsValid() or at == 0:
        return None
    return value.CreateValueFromAddress('held', at, found)


def memory(value, at, length):
    error = lldb.SBError()
    data = value.GetProcess().ReadMemory(at, length, error) if length else b''
    return data if error.Success() else b''


def quoted(data, more):
    text = ''.join(chr(c) if 32 <= c < 127 and c not in b'"\\' else f'\\{c:03o}'
                   for c in data)
    return f'"{text}"' + ('...' if more else '')


def bytes_text(value):
    block = held(value, 'avow__bytes_t')
    if block is None:
        return ''
    length = number(block, 'len')
    at = block.GetChildMemberWithName('data').GetLoadAddress()
    return quoted(memory(value, at, min(length, MOST)), length > MOST)


def error_text(value):
    code = value.GetChildMemberWithName('code').GetValueAsSigned()
    name = errno.errorcode.get(-code, str(code))
    block = held(value, 'avow__error_t')
    if block is None:
        return name
    at = block.GetChildMemberWithName('message').GetLoadAddress()
    message = memory(value, at, MOST).split(b'\0')[0]
    return f'{name} {quoted(message, False)}' if message else name


def object_text(value):
    block = held(value, 'avow__object_t')
    if block is None:
        return ''
    name = block.GetChildMemberWithName('klass').GetChildMemberWithName('name')
    return f'{name.GetSummary()} {number(block, "self"):#x}'


def list_text(value):
    block = held(value, 'avow__list_t')
    return '' if block is None else f'of {number(block, "len")}'


def double_text(value):
    double = value.GetChildMemberWithName('u').GetChildMemberWithName('d')
    return double.GetValue()


TEXTS = {
    'INT': lambda v: str(v.GetChildMemberWithName('u')
                         .GetChildMemberWithName('i').GetValueAsSigned()),
    'DOUBLE': double_text,
    'POINTER': lambda v: hex(number(v, 'u', 'p')),
    'PROMISE': lambda v: hex(number(v, 'u', 'p')),
    'BYTES': bytes_text, 'LIST': list_text, 'ERROR': error_text,
    'OBJECT': object_text, 'THENABLE': object_text,
}


def is_array(value):
    """Whether it is a pointer to pointers, which lldb summarizes, too."""
    return value.GetType().GetPointeeType().IsPointerType()


def value_summary(value, _):
    if is_array(value):
        return ''
    value = value.GetNonSyntheticValue()
    tag = number(value, 'tag')
    if tag >= len(TAGS):
        return f'no value, tag {tag}'
    name = TAGS[tag]
    return f'{name} {TEXTS[name](value)}'.strip() if name in TEXTS else name


def kind_of(promise):
    """The name of the kind in messages of avow, such as "then"."""
    rows = promise.GetTarget().FindFirstGlobalVariable('avow__kinds')
    row = rows.GetChildAtIndex(number(promise, 'kind'))
    name = row.GetChildMemberWithName('name').GetSummary()
    return name.strip('"') if name else 'promise'


def promise_summary(promise, _):
    if is_array(promise):
        return ''
    promise = promise.GetNonSyntheticValue()
    state = number(promise, 'flags') & 3
    text = f'{STATES[state % 3]} {kind_of(promise)}'
    if state == 0:
        upstream = number(promise, 'upstream')
        return text + (f', waits for {upstream:#x}' if upstream else '')
    value = promise.GetChildMemberWithName('u').GetChildMemberWithName('value')
    return f'{text}: {value_summary(value, None)}'


def __lldb_init_module(debugger, _):
    for type_name, summary in (('avow_value_t', 'value_summary'),
                               ('avow_promise_t', 'promise_summary'),
                               ('avow_promise_s', 'promise_summary')):
        debugger.HandleCommand(
            f'type summary add -F {__name__}.{summary} -w avow {type_name}')
    debugger.HandleCommand('type category enable avow')
