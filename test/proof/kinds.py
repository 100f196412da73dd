# SPDX-License-Identifier: MIT
"""Read the kinds of promises from the sources."""
import glob
import re

ROW = r'\[AVOW__(\w+)\] =\s+(?:\(avow__kind_row_t\))?\{ (\.name.*?)\}'


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def rows(root):
    """Map each kind to its row and to the file that sets it (folder/name)."""
    found = {}
    for path in sorted(glob.glob(f'{root}/src/**/*.c', recursive=True)):
        text = read(path)
        if 'avow__kinds[' in text:
            found.update({name: (row, '/'.join(path.split('/')[-2:]))
                          for name, row in re.findall(ROW, text, re.S)})
    return found


def kinds(root):
    """Return, in the order of numbers, the name, comment and row of each
    kind."""
    found = rows(root)
    enum = re.search(r'typedef enum avow__kind_e \{(.*?)\}',
                     read(f'{root}/src/engine/kind.h'), re.S)[1]
    return [(name, ' '.join(comment.split()), found[name][0])
            for name, comment in
            re.findall(r'AVOW__(\w+),\s*/\* (.*?) \*/', enum, re.S)]


def kinds_by_file(root):
    """Return, in the order of numbers, the name, row and file of each kind."""
    found = rows(root)
    return [(name, *found[name]) for name, *_ in kinds(root)]


def name_in_dumps(row):
    return re.search(r'\.name = "(.*?)"', row)[1]
