#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prepare the input of Sphinx for the site: gather.py ROOT FOLDER

Documents become symbolic links. This program makes the pages of the reference
and of sources that documents link to. conf.py rewrites links when Sphinx reads
a document.
"""
import glob
import os
import re
import sys

import reference
from links import Links, PAGES, page_of_document, source_page
from snippets import Snippets


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        return file.read()


def topics(text):
    """Return (topic, headers) of the rows of the table in docs/contents.md."""
    found = []
    for line in text.split('\n'):
        row = re.match(r'\| ([^|]*)\| (\[\w+\.h(?:pp)?\][^|]*) \|', line)
        if row is None:
            continue
        names = re.findall(r'\[(\w+\.h(?:pp)?)\]', row[2])
        if row[1].strip():
            found.append((row[1].strip(), names))
        else:
            found[-1][1].extend(names)
    return found


def documents(root):
    """Return the documents of the repository and the site's own pages."""
    found = [*PAGES, *(os.path.relpath(path, root) for path in
                       sorted(glob.glob(f'{root}/docs/*.md')))]
    return found + [os.path.relpath(path, root) for path in
                    sorted(glob.glob(f'{root}/docs/site/**/*.md', recursive=True))]


def place(root, path, at):
    os.makedirs(os.path.dirname(at), exist_ok=True)
    os.symlink(os.path.abspath(os.path.join(root, path)), at)


def main():
    root, folder = sys.argv[1:]
    links = Links(root)
    paths = documents(root)
    for path in paths:
        place(root, path, f'{folder}/{page_of_document(path)}.md')
        links.rewritten(read(root, path), path)
    for picture in (glob.glob(f'{root}/docs/**/*.svg', recursive=True) +
                    glob.glob(f'{root}/docs/*.png')):
        place(root, os.path.relpath(picture, root),
              f'{folder}/{os.path.basename(picture)}')
    for path in sorted(links.shown):
        page = f'{folder}/{links.page(path)}.md'
        os.makedirs(os.path.dirname(page), exist_ok=True)
        if os.path.isfile(os.path.join(root, path)):
            place(root, path, f'{folder}/source/{path}')
        reference.save(page, source_page(root, path))
    tables = read(root, 'docs/contents.md')
    snippets = Snippets(lambda path: read(root, path))
    reference.Reference(root, topics(tables), snippets).write(
        f'{folder}/reference')


main()
