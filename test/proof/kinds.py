# SPDX-License-Identifier: MIT
"""The kinds of promises, as the sources have them."""
import glob
import re

ROW = r'\[AVOW__(\w+)\] =\s+(?:\(avow__kind_row_t\))?\{ (\.name.*?)\}'


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def kinds(root):
    """Of each kind by its number: its name in C, its comment in kind.h, and its
    row: of the table in kinds.c, or as its own file sets it."""
    rows = {}
    for path in glob.glob(f'{root}/src/**/*.c', recursive=True):
        text = read(path)
        if 'avow__kinds[' in text:
            rows.update(re.findall(ROW, text, re.S))
    enum = re.search(r'typedef enum avow__kind_e \{(.*?)\}',
                     read(f'{root}/src/engine/kind.h'), re.S)[1]
    return [(name, ' '.join(comment.split()), rows[name]) for name, comment in
            re.findall(r'AVOW__(\w+),\s*/\* (.*?) \*/', enum, re.S)]


def name_in_dumps(row):
    return re.search(r'\.name = "(.*?)"', row)[1]
