#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How many statements has a program in C for those of its like in JavaScript?

    statements.py C-FILE JS-FILE [C-FILE JS-FILE]...

Prints both numbers of each pair, and fails where C has more than twice as many.
In both languages that is what ends in a semicolon, which in C the fields of
structs do as well, and each function, branch, loop and try, with braces or
without. An #include is a statement, as a require() is. What all examples share
(options.c, program.c, text.c) counts no more than Node's own modules do.
"""
import re
import sys

# Comments, and all that may hold what looks like code. A regular expression
# stands where an operand does.
TEXTS = re.compile(r'''/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|'''
                   r'''`(?:\\.|[^`\\])*`|(?<=[(=,])\s*/(?:\\.|[^/\\\n])+/\w*''',
                   re.S)
HEAD = re.compile(r'\b(?:if|for|while|switch)\b')
BLOCK = re.compile(r'(?:\)|=>|\belse|\bdo|\btry|\bfinally)\s*\{')


def text_out(match):
    return ' ' if match.group().startswith(('/*', '//')) else '0'


def end_of(code, at):
    """Behind the parenthesis that closes the one that comes next."""
    depth = 0
    for i in range(code.index('(', at), len(code)):
        depth += {'(': 1, ')': -1}.get(code[i], 0)
        if depth == 0:
            return i + 1
    raise ValueError('a parenthesis is open')


def statements(path):
    with open(path, encoding='utf-8') as file:
        code = TEXTS.sub(text_out, file.read())
    count = len(BLOCK.findall(code)) + len(re.findall(r'(?m)^#include', code))
    count += code.count(';')
    for head in HEAD.finditer(code):
        end = end_of(code, head.end())
        count -= code.count(';', head.end(), end)  # those of a for
        if not re.match(r'\s*\{', code[end:]):
            count += 1
    return count


def main():
    paths, failed = sys.argv[1:], False
    for in_c, in_js in zip(paths[::2], paths[1::2]):
        c, js = statements(in_c), statements(in_js)
        name = in_c.split('/')[-1]
        print(f'{name}: {c} statements, in JavaScript {js}: {c / js:.2f} times')
        failed |= c > 2 * js
    sys.exit(failed or not paths)


if __name__ == "__main__":
    main()
