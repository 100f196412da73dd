#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that each public comment has the form that manual pages need.

  doc_comments.py SOURCE-ROOT [HEADER...]

A comment has a summary of one line, known labels in their order, and the
outcome of a function that returns a promise or a channel. A sentence has at
most 30 words. No comment refers to the one above it, because each function has
a manual page of its own. Without HEADER, all headers are checked.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(HERE, '..', '..', 'docs', 'site'))
import headers  # noqa: E402

ABOVE = re.compile(r'\b(the same|likewise|as above|as there|see above|'
                   r'ditto|the latter|the former)\b', re.I)
WIDEST = 72   # columns of a summary
LONGEST = 30  # words of a sentence
# Labels that occur at most once, and those that need a promise or a channel.
SINGLE = ('settles', 'items', 'cancel', 'thread', 'since')
NEEDS = {'settles': 'promise', 'rejects': 'promise', 'items': 'channel',
         'fails': 'channel'}


def sentences(text):
    """Yield the sentences of each paragraph, without code and lists."""
    for paragraph in re.split(r'\n\s*\n|\n(?=[ ]{2,}\S)', text):
        if not paragraph.startswith('  '):
            yield from re.split(r'(?<=[.!?:;])\s+(?=[A-Z`*"(])',
                                ' '.join(paragraph.split()))


def of_summary(summary):
    if '\n' in summary:
        yield 'the summary has more than one line'
    if len(summary.split('\n')[0]) > WIDEST:
        yield f'the summary has more than {WIDEST} columns'
    if not summary.endswith('.') or re.search(r'[.!?] [A-Z]', summary):
        yield 'the summary is not one sentence'
    if summary.startswith('Returns'):
        yield 'the summary tells what is returned, not what is done'


def of_outcome(entry):
    """Check that the labels of outcomes fit the function."""
    if entry.outcome == 'promise' and not entry.labeled('settles'):
        yield 'no @settles'
    if entry.outcome == 'channel' and not entry.labeled('items') and \
            not entry.name.endswith('_ref'):
        yield 'no @items'
    for label, outcome in NEEDS.items():
        if entry.kind == 'function' and entry.labeled(label) and \
                entry.outcome != outcome:
            yield f'@{label}, but the function returns no {outcome}'


def of_labels(entry):
    found = [label for label, _ in entry.labels]
    order = list(headers.LABELS)
    yield from (f'@{label} is not known' for label in found
                if label not in order)
    known = [order.index(label) for label in found if label in order]
    if known != sorted(known):
        yield 'the labels are not in their order'
    yield from (f'more than one @{label}' for label in SINGLE
                if found.count(label) > 1)
    if re.search(r'(?ms)^@\w.*\n\n', entry.text):
        yield 'an empty line after a label'
    yield from (f'@{label} has no text' for label, text in entry.labels
                if not text)


def of_text(text):
    found = ABOVE.search(text)
    if found:
        yield f'"{found[0]}" refers to another comment'
    for words in map(str.split, sentences(text)):
        if len(words) > LONGEST:
            yield f'{len(words)} words in "{" ".join(words[:3])} ..."'


def complaints(entry):
    yield from of_summary(entry.summary)
    yield from of_labels(entry)
    yield from of_outcome(entry)
    for text in [entry.summary, entry.prose, *entry.labeled(*headers.LABELS)]:
        yield from of_text(text)


def main(root, *names):
    found = [
        f'include/avow/{header.name}:{entry.line}: {entry.name}: {complaint}'
        for header in headers.all_of(root)
        if not names or header.name in names
        for entry in header.entries if entry.text
        for complaint in complaints(entry)]
    for line in found:
        print(line)
    return bool(found)


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
