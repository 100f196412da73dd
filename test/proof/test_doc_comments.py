#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that doc_comments.py finds each mistake in a small header."""
import contextlib
import io
import os
import sys
import tempfile

sys.dont_write_bytecode = True
import doc_comments

PROMISE = 'AVOW_API avow_promise_t *avow_x(int n);'
CHANNEL = 'AVOW_API avow_channel_t *avow_x(int n);'
CODE = 'AVOW_API int avow_x(int n);'
# Comments without a mistake, and the declarations below them.
GOOD = [
    (PROMISE, 'Waits for `n`.\n\n@settles NONE\n@rejects UV_EIO if it fails'),
    (CHANNEL, 'Counts to `n`.\n\nFast.\n\n@items INT\n@cancel Stops.'),
    (CODE, 'Counts to `n`.\n\n@returns 0 if\n         it could\n@thread any')]
# Mistakes, and what the checker prints.
BAD = [
    (PROMISE, 'Waits.', 'no @settles'),
    (CHANNEL, 'Counts.', 'no @items'),
    (CODE, 'Counts.\n\n@settles NONE',
     '@settles, but the function returns no promise'),
    (CODE, 'Counts.\n\n@fails UV_EIO if it fails',
     '@fails, but the function returns no channel'),
    (CODE, 'Counts.\n\n@param n', '@param is not known'),
    (CODE, 'Counts.\n\n@thread any\n@returns 0',
     'the labels are not in their order'),
    (CODE, 'Counts.\n\n@thread any\n@thread any', 'more than one @thread'),
    (CODE, 'Counts.\n\n@returns 0\n\nAnd more.', 'an empty line after a label'),
    (CODE, 'Counts.\n\n@returns\n@thread any', '@returns has no text'),
    (CODE, 'Counts to a\nlarge number.', 'the summary has more than one line'),
    (CODE, f'Counts {"x" * 70}.', 'the summary has more than 72 columns'),
    (CODE, 'Counts', 'the summary is not one sentence'),
    (CODE, 'Counts. Fast.', 'the summary is not one sentence'),
    (CODE, 'Returns 0.',
     'the summary tells what is returned, not what is done'),
    (CODE, 'Counts.\n\nLikewise.', '"Likewise" refers to another comment'),
    (CODE, f'Counts.\n\n{"It counts " * 15}it ends.',
     '32 words in "It counts It ..."'),
    (CODE, f'Counts.\n\n@returns {"a number " * 16}',
     '32 words in "a number a ..."')]


def header(comment, code):
    lines = ''.join(f' * {line}\n' for line in comment.split('\n'))
    return f'/* X. */\n\n/**\n{lines} */\n{code}\n'


def checked(root, comment, code):
    """Return the checker's output for a header."""
    with open(f'{root}/include/avow/x.h', 'w', encoding='utf-8') as file:
        file.write(header(comment, code))
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        failed = doc_comments.main(root)
    assert failed == bool(out.getvalue())
    return out.getvalue()


with tempfile.TemporaryDirectory() as root:
    os.makedirs(f'{root}/include/avow')
    for code, comment in GOOD:
        found = checked(root, comment, code)
        assert found == '', (comment, found)
    for code, comment, complaint in BAD:
        found = checked(root, comment, code)
        line = comment.count('\n') + 6
        assert found == f'include/avow/x.h:{line}: avow_x: {complaint}\n', \
            (comment, found)
