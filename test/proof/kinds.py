# SPDX-License-Identifier: MIT
"""The kinds of promises, as the sources have them."""
import glob
import re

ROW = r'\[AVOW__(\w+)\] =\s+(?:\(avow__kind_row_t\))?\{ (\.name.*?)\}'


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def rows(root):
    """The row of each kind, as one file sets it, and that file: folder/name."""
    found = {}
    for path in sorted(glob.glob(f'{root}/src/**/*.c', recursive=True)):
        text = read(path)
        if 'avow__kinds[' in text:
            found.update({name: (row, '/'.join(path.split('/')[-2:]))
                          for name, row in re.findall(ROW, text, re.S)})
    return found


def kinds(root):
    """Of each kind by its number: its name in C, its comment in kind.h, and its
    row."""
    found = rows(root)
    enum = re.search(r'typedef enum avow__kind_e \{(.*?)\}',
                     read(f'{root}/src/engine/kind.h'), re.S)[1]
    return [(name, ' '.join(comment.split()), found[name][0])
            for name, comment in
            re.findall(r'AVOW__(\w+),\s*/\* (.*?) \*/', enum, re.S)]


def kinds_by_file(root):
    """Of each kind by its number: its name, its row, and the file."""
    found = rows(root)
    return [(name, *found[name]) for name, *_ in kinds(root)]


def name_in_dumps(row):
    return re.search(r'\.name = "(.*?)"', row)[1]
