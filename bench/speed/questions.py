# SPDX-License-Identifier: MIT
"""The questions of docs/speed.md, and the rows of a record that answer them.

NAMES maps each case of the benchmarks to its name on the page. The text after a
semicolon names the floor, if that is not the same work by hand. Each of
QUESTIONS has a picture with some of the rows as bars, and a table with all.
"""
import typing


class Question(typing.NamedTuple):
    name: str  # of the picture
    asks: str
    of: str  # the rows of those benchmarks
    each: str  # what the figures are of
    bars: list  # (benchmark, case, n)
    by: str = 'amount'  # or 'times', where it is the ratio that matters
    many: str = 'at once'  # what n counts
    floor: str = 'the same by hand'


NEW, SETTLED = 'new + then + resolve + run', 'settled + then + run'
THEN, REJECTION = 'chain of thens, a hop', 'rejection past thens, a hop'
NEXT, ALREADY = 'follow, settled next turn', 'follow, settled already'
AFTER_PEAK = 'new + ..., after a peak; before one'
WAITS, IDLE = 'start, wait, go on; then', 'one sleep beside idle ones; a uv_timer_t'
READ_SAFE = 'avow_read_file() to safe calls'
READ_WAIT = 'avow_read_file() to calls that may wait'
READ_PART = 'avow_fs_read() to pread()'
READ_STAT = 'avow_fs_stat() to a call that may wait'
READ_FOUR = 'avow_read_file() to four raw requests'
WRITE_FOUR = 'avow_write_file() to four raw requests'
WRITE_EMPTY = 'to three that empty the file first'
WRITE, TRY_WRITE = 'echo, avow to uv_write()', 'echo, avow to uv_try_write() first'
AFTER_JOB = 'echo after a job, avow to libuv'
ALONE, QUICK = 'avow, median', 'avow, beside quick steps, median'
SLOW = 'avow, beside steps of 10 us, median'

NAMES = {
    'settle': {
        NEW: 'a new promise with a then, resolved',
        SETTLED: 'a then of a settled promise',
        AFTER_PEAK: 'a new promise with a then, after a peak; before it',
        'avow_loop_stats(), after a peak; before':
            'avow_loop_stats(), after a peak; before it',
        'new + ..., scattered memory':
            'a new promise with a then, from scattered memory',
        'settled + ..., scattered memory':
            'a then of a settled promise, from scattered memory',
    },
    'chain': {
        THEN: 'a then in a chain',
        REJECTION: 'a then that a rejection skips',
        'chain of thens, scattered memory':
            'a then in a chain, from scattered memory',
    },
    'follow': {
        NEXT: 'a handler that returns a pending promise',
        ALREADY: 'a handler that returns a settled promise',
    },
    'repeat': {
        'repeat, a step': 'a step of avow_repeat()',
        'repeat, follow one settled promise':
            'a step that returns one settled promise',
        'repeat, follow a new settled promise':
            'a step that returns a new settled promise',
    },
    'shared': {
        NEW: 'a new promise with a then, resolved',
        SETTLED: 'a then of a settled promise',
        THEN: 'a then in a chain',
        'new + all + resolve + run': 'an input of avow_all()',
        'await, two in turns': 'an await, two functions in turns',
        'await, settled': 'an await of a settled promise',
    },
    'loops': {'loops in turn; one of them': 'many loops in turn'},
    'combine': {
        'all, settled inputs': 'all, of settled promises',
        'all, pending inputs': 'all, of pending promises',
        'all_settled, settled': 'all_settled, of settled promises',
        'all_settled, pending': 'all_settled, of pending promises',
        'race, settled inputs': 'race, of settled promises',
        'race, pending inputs': 'race, of pending promises',
        'any, all rejected': 'any, of rejected promises',
        'any, pending, then rejected': 'any, of pending promises',
    },
    'async': {
        'a switch there and back': 'a change of stacks, there and back',
        'await, settled; a repeat\'s step':
            'an await of a settled promise; avow_repeat()',
        'await, settled, two in turns': 'two functions that await in turns',
        'await, settled next turn; then':
            'an await of a pending promise; a then',
        'start and finish; try': 'a function that never waits; avow_try()',
        WAITS: 'a function that waits once; a then',
        'parked function, resident': 'a function that waits',
    },
    'tools': {
        'limiter, run': 'avow_limiter_run()',
        'limiter, acquire': 'avow_limiter_acquire()',
        'rate, a token': 'avow_rate_acquire()',
        'rate, a try; a bucket by hand':
            'avow_rate_try(); a token bucket by hand',
        'cache, a hit': 'avow_cache_get() of a cached value',
        'map, values': 'avow_map(), of values',
        'map, settled promises': 'avow_map(), of settled promises',
        'group, settled promises': 'avow_group_add(), a settled promise',
        'once, callers of one run': 'avow_once_get(), one run for all',
        'retry that need not': 'avow_retry(), success at once',
    },
    'channel': {
        'send all, take all': 'all sent, then all taken',
        'a loop sends, a loop takes, room 100':
            'sent and taken in turns, capacity 100',
        'a loop sends, a loop takes, room 0':
            'sent and taken in turns, capacity 0',
        'select of 2, one has an item; next':
            'a select of 2 that has an item; avow_channel_next()',
        'select of 2, waits; next':
            'a select of 2 that waits; avow_channel_next()',
        'select of 10, waits; next':
            'a select of 10 that waits; avow_channel_next()',
        'outcomes, each as it comes; all_settled':
            'avow_outcomes(), each as it settles; all_settled',
    },
    'stage': {
        'no stage': 'a channel, without stages',
        'a filter and a map, all pass; no stage':
            'a filter and a map, all pass; without stages',
        'a filter and a map, half pass; a loop':
            'a filter and a map, half pass; a plain loop',
    },
    'broadcast': {
        'watch, a change for one': 'avow_watch_set(), for one watcher',
        'watch, a change for 4; a job for each':
            'avow_watch_set(), for 4; a job for each',
        'watch, a change for nobody': 'avow_watch_set(), without watchers',
    },
    'timers': {
        'sleep 1 ms + then': 'a sleep of 1 ms with a then',
        'sleep 1 ms + then, made in a callback':
            'a sleep with a then, made in a callback',
        'sleep 1 ms': 'a sleep of 1 ms',
        'uv_timer_t each': 'a uv_timer_t of 1 ms, without avow',
        IDLE: 'a sleep beside later sleeps; a uv_timer_t',
    },
    'remote': {
        'settled by another thread': 'a promise settled by another thread',
        'settled by 2 threads': 'a promise settled by one of 2 threads',
        'settled by 4 threads': 'a promise settled by one of 4 threads',
        'settled by 4 threads, later':
            'a promise settled by one of 4 threads, later',
        'settled by another thread, later':
            'a promise settled by another thread, later',
    },
    'sender': {
        'sent by another thread': 'an item, sent by another thread',
        'sent by 2 threads': 'an item, sent by one of 2 threads',
        'sent by 4 threads': 'an item, sent by one of 4 threads',
        'taken in a row, of another thread':
            'an item, taken in a row, of another thread',
        'taken in a row, of 2 threads':
            'an item, taken in a row, of 2 threads',
        'taken in a row, of 4 threads':
            'an item, taken in a row, of 4 threads',
        'tried by another thread':
            'avow_sender_try_send() until it succeeds',
        'tried by 2 threads': 'avow_sender_try_send(), by 2 threads',
        'tried by 4 threads': 'avow_sender_try_send(), by 4 threads',
        'posted by another thread': 'avow_post() by another thread',
        'posted by 2 threads': 'avow_post() by one of 2 threads',
        'posted by 4 threads': 'avow_post() by one of 4 threads',
        '99 of 100 items are taken in':
            'time until 99 of 100 items are taken',
    },
    'elsewhere': {
        'run on another loop': 'avow_loops_run(), with its result',
        'run on another loop, later': 'avow_loops_run(), later',
    },
    'file': {
        'open + fstat + read + close':
            'open, fstat, read, close; the same by callbacks',
        READ_FOUR: 'avow_read_file(); four requests of libuv',
        'open + ... + close, processor time':
            'open, fstat, read, close: processor time',
        'avow_read_file() to four raw, likewise':
            'avow_read_file(): processor time; four requests',
    },
    'cached': {
        READ_SAFE: 'avow_read_file(); the same calls',
        READ_WAIT: 'avow_read_file(); open(), fstat(), read(), close()',
        READ_PART: 'avow_fs_read(); pread()',
        READ_STAT: 'avow_fs_stat(); uv_fs_stat() without a callback',
        'an echo beside reads': 'an echo beside reads; reads by the pool',
    },
    'write_file': {
        WRITE_FOUR: 'avow_write_file(); four requests of libuv',
        WRITE_EMPTY: 'avow_write_file(); three requests that truncate first',
    },
    'dir': {
        'scandir, an entry': 'avow_fs_scandir(), an entry',
        'readdir, an entry, to raw scandir':
            'avow_fs_readdir(), an entry; uv_fs_scandir()',
    },
    'echo': {
        WRITE: 'an echo; by uv_write()',
        TRY_WRITE: 'an echo; by uv_try_write() first',
        AFTER_JOB: 'an echo after a job of the thread pool',
    },
    'turn': {
        ALONE: 'an echo, alone: median',
        'avow, 99 %': 'an echo, alone: 99th percentile',
        QUICK: 'an echo, beside quick steps: median',
        'avow, beside quick steps, 99 %':
            'an echo, beside quick steps: 99th percentile',
        SLOW: 'an echo, beside steps of 10 µs: median',
        'avow, beside steps of 10 us, 99 %':
            'an echo, beside steps of 10 µs: 99th percentile',
        'avow, beside steps of 100 us, median':
            'an echo, beside steps of 100 µs: median',
        'avow, beside steps of 100 us, 99 %':
            'an echo, beside steps of 100 µs: 99th percentile',
        'avow, beside steps of 1 ms, median':
            'an echo, beside steps of 1 ms: median',
        'avow, beside steps of 1 ms, 99 %':
            'an echo, beside steps of 1 ms: 99th percentile',
    },
    'tls': {
        'a handshake': 'a TLS handshake, both ends; OpenSSL by hand',
        'one that resumes': 'a TLS handshake that resumes; OpenSSL by hand',
        '64 KiB sent': '64 KiB through TLS; OpenSSL by hand',
    },
    'pipe': {'64 KiB piped': '64 KiB from socket to socket'},
    'send': {'64 KiB of a file sent': '64 KiB from file to socket'},
    'memory': {
        'pending promise': 'a pending promise',
        'pending promise with one then': 'a pending promise with a then',
        'settled promise': 'a settled promise',
        'sleep': 'a sleep',
        'pending promise with a timeout': 'a pending promise with a timeout',
        'bytes of 5': 'a value of 5 bytes',
        'list of 10 ints': 'a list of 10 numbers',
        'object, beside what it wraps': 'an object, without its contents',
        'error with a message of 10': 'an error with a message of 10 bytes',
        'file request, beside its promise':
            'a request for a file, without its promise',
    },
}

QUESTIONS = [
    Question(
        'promise', 'What does a promise cost?', 'settle chain follow repeat',
        'nanoseconds each',
        [('settle', NEW, 100), ('settle', NEW, 100000),
         ('settle', SETTLED, 100), ('settle', SETTLED, 100000),
         ('chain', THEN, 1000), ('chain', REJECTION, 1000),
         ('follow', NEXT, 100), ('follow', ALREADY, 100),
         ('repeat', 'repeat, a step', 1000)]),
    Question(
        'combine', 'What do all, race and any cost?', 'combine',
        'nanoseconds for each input',
        [('combine', 'all, pending inputs', 10),
         ('combine', 'all, pending inputs', 1000),
         ('combine', 'all, settled inputs', 1000),
         ('combine', 'all_settled, pending', 10),
         ('combine', 'all_settled, pending', 1000),
         ('combine', 'race, pending inputs', 10),
         ('combine', 'race, pending inputs', 1000),
         ('combine', 'any, pending, then rejected', 10),
         ('combine', 'any, pending, then rejected', 1000)],
        many='inputs'),
    Question(
        'await', 'What does an await cost?', 'async', 'nanoseconds each',
        [('async', 'await, settled; a repeat\'s step', 1000),
         ('async', 'await, settled, two in turns', 1000),
         ('async', 'await, settled next turn; then', 1000),
         ('async', 'a switch there and back', 1000),
         ('async', 'start and finish; try', 1000),
         ('async', WAITS, 1000), ('async', WAITS, 100000)]),
    Question(
        'tools', 'What does a tool add?', 'tools',
        'nanoseconds for each item of work', [
            ('tools', case, 1000) for case in NAMES['tools']]),
    Question(
        'channel', 'What does an item of a channel cost?', 'channel stage',
        'nanoseconds for each item', [
            ('channel', 'send all, take all', 100),
            *[('channel', case, 1000)
              for case in list(NAMES['channel'])[1:]],
            *[('stage', case, 1000) for case in NAMES['stage']]],
        many='items'),
    Question(
        'many', 'What does an item for several receivers cost?', 'broadcast',
        'nanoseconds for each item or change', [
            ('broadcast', 'broadcast to 4; a job for each', 100),
            ('broadcast', 'broadcast to 4; a channel for each', 100),
            ('broadcast', 'broadcast to 10; a channel for each', 100),
            *[('broadcast', case, 100) for case in NAMES['broadcast']]]),
    Question(
        'timers', 'What does a sleep cost?', 'timers',
        'times the floor, and nanoseconds each', [
            *[('timers', case, 100000)
              for case in list(NAMES['timers'])[:4]],
            ('timers', IDLE, 1), ('timers', IDLE, 1000),
            ('timers', IDLE, 1000000)],
        by='times'),
    Question(
        'threads', 'What does another thread cost?',
        'remote sender elsewhere', 'times the floor, and time each', [
            ('remote', 'settled by another thread', 1000),
            ('remote', 'settled by another thread', 100000),
            ('remote', 'settled by 4 threads', 100000),
            ('sender', 'sent by another thread', 100000),
            ('sender', 'sent by 4 threads', 100000),
            ('sender', 'taken in a row, of another thread', 100000),
            ('sender', 'tried by another thread', 100000),
            ('sender', 'posted by another thread', 100000),
            ('elsewhere', 'run on another loop', 1),
            ('elsewhere', 'run on another loop', 1000)],
        by='times'),
    Question(
        'files', 'What does a file cost?', 'file write_file dir',
        'times the floor, and time each', [
            ('file', 'open + fstat + read + close', 1),
            ('file', 'open + fstat + read + close', 64),
            ('file', READ_FOUR, 1), ('file', READ_FOUR, 64),
            ('write_file', WRITE_FOUR, 1), ('write_file', WRITE_FOUR, 64),
            ('write_file', WRITE_EMPTY, 64),
            ('dir', 'scandir, an entry', 1000),
            ('dir', 'readdir, an entry, to raw scandir', 100000)],
        by='times'),
    Question(
        'cached', 'What does a file in memory cost?', 'cached',
        'times the floor, and time each', [
            ('cached', READ_SAFE, 1), ('cached', READ_SAFE, 64),
            ('cached', READ_SAFE, 10000), ('cached', READ_WAIT, 10000),
            ('cached', READ_PART, 64), ('cached', READ_STAT, 64),
            ('cached', 'an echo beside reads', 1000)],
        by='times'),
    Question(
        'streams', 'What does a stream cost?', 'echo pipe send tls',
        'times the floor, and time each', [
            ('echo', WRITE, 1), ('echo', WRITE, 64),
            ('echo', TRY_WRITE, 1), ('echo', TRY_WRITE, 64),
            ('echo', AFTER_JOB, 1), ('echo', AFTER_JOB, 64),
            ('pipe', '64 KiB piped', 16),
            ('send', '64 KiB of a file sent', 256),
            ('tls', 'a handshake', 100), ('tls', 'one that resumes', 100),
            ('tls', '64 KiB sent', 1000)],
        by='times'),
    Question(
        'turns', 'How long do echoes wait beside endless work?', 'turn',
        'until an echo arrives', [
            ('turn', case, n) for n in (1, 64, 1000)
            for case in (ALONE, QUICK, SLOW)],
        many='connections', floor='libuv, alone'),
    Question(
        'memory', 'How much memory does it take?', 'memory async',
        'bytes each', [
            *[('memory', case, 1000) for case in NAMES['memory']],
            ('async', 'parked function, resident', 100000)],
        many='', floor=''),
    Question(
        'shared', 'What does the shared library cost?', 'shared',
        'times the floor, and nanoseconds each', [
            *[('shared', case, 100) for case in (NEW, SETTLED)],
            *[('shared', case, 1000)
              for case in list(NAMES['shared'])[2:]]],
        by='times', floor='linked statically'),
    Question(
        'loops', 'What do many loops cost?', 'loops',
        'times the floor, and nanoseconds each', [
            ('loops', 'loops in turn; one of them', n)
            for n in (10, 1000, 5000, 20000)],
        by='times', many='loops', floor='one of them'),
]


# Cases whose n counts something else.
MANY = {IDLE: 'others'}


def many_of(question, row):
    """How many run at once, if more than one."""
    many = MANY.get(row.case, question.many)
    return f'{row.n:,} {many}' if many and row.n > 1 else ''


def name_of(row):
    """The name of the case, and the name of its floor."""
    name = NAMES[row.question].get(row.case, row.case)
    what, _, floor = name.partition('; ')
    return what, floor


def rows_of(question, rows):
    """The rows in bytes for memory, the rows in ns for other questions."""
    unit = 'bytes' if question.name == 'memory' else 'ns'
    return [row for row in rows if row.question in question.of.split() and
            row.unit == unit]
