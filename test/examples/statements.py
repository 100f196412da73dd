#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compare the numbers of statements of programs in C and in JavaScript.

    statements.py C-FILE JS-FILE [C-FILE JS-FILE]...

Prints both numbers of each pair. Fails if C has more than twice as many
statements. A statement ends in a semicolon (in C, fields of structs do, too) or
is a function, branch, loop or try, with or without braces. An #include counts
as a statement, and so does a require(). Files that all examples share
(options.c, program.c, text.c) do not count, and neither do modules of Node.
"""
import re
import sys

# Comments and literals, which may contain text that looks like code. A regular
# expression follows an operator, as an operand does.
TEXTS = re.compile(r'''/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|'''
                   r'''`(?:\\.|[^`\\])*`|(?<=[(=,])\s*/(?:\\.|[^/\\\n])+/\w*''',
                   re.S)
HEAD = re.compile(r'\b(?:if|for|while|switch)\b')
BLOCK = re.compile(r'(?:\)|=>|\belse|\bdo|\btry|\bfinally)\s*\{')


def text_out(match):
    return ' ' if match.group().startswith(('/*', '//')) else '0'


def end_of(code, at):
    """Return the index after the parenthesis that closes the next one."""
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
        count -= code.count(';', head.end(), end)  # those of a for loop
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
