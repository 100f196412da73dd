#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that the links of all documents have a target.

  links.py SOURCE-ROOT

To a file, and where they name a part of a document, to a heading there. Has the
site a place for each document? And what its pages take from others is there.
"""
import glob
import os
import re
import sys

FENCE = re.compile(r'(?ms)^ *```.*?^ *```$')
LINK = re.compile(r'\]\(([^()\s#]*)(#[^()\s]+)?\)')
TAKEN = re.compile(r'<!-- (block|snippet) (.*) of (\S+) -->')


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def slugs(text):
    """Return the name of a heading in links, as GitHub and the site form
    it."""
    headings = re.findall(r'(?m)^#+ (.*)$', FENCE.sub('', text))
    return {re.sub(r'[^\w\- ]', '', heading.lower()).replace(' ', '-')
            for heading in headings}


def documents(root):
    paths = glob.glob(f'{root}/*.md') + glob.glob(f'{root}/docs/*.md') + \
        glob.glob(f'{root}/docs/site/**/*.md', recursive=True)
    return sorted(os.path.relpath(path, root) for path in paths)


def broken(root, document):
    text = FENCE.sub('', read(f'{root}/{document}'))
    for target, anchor in LINK.findall(text):
        if re.match(r'[a-z]+:', target):
            continue
        path = os.path.normpath(
            os.path.join(os.path.dirname(document), target)) \
            if target else document
        if not os.path.exists(f'{root}/{path}'):
            yield f'{document} links to {path}, which is not there'
        elif anchor and path.endswith('.md') and \
                anchor[1:] not in slugs(read(f'{root}/{path}')):
            yield f'{document} links to {path}{anchor}, which is no heading'
    for kind, name, path in TAKEN.findall(text):
        mark = f'<!-- {name} -->' if kind == 'block' else f'\n## {name}\n'
        if mark not in read(f'{root}/{path}'):
            yield f'{document} takes "{name}" of {path}, which has none'


def without_place(root, paths):
    """Pages that the site's contents do not name."""
    contents = re.findall(r'(?m)^([\w/*-]+)(?: \?)?$', ''.join(re.findall(
        r'(?ms)^```\{toctree\}\n(.*?)^```', read(f'{root}/docs/site/index.md'))))
    named = re.compile('|'.join(name.replace('*', '.*') for name in contents))
    for path in paths:
        page = re.fullmatch(r'docs/(?:site/)?(.*)\.md', path)
        if page and page[1] != 'index' and not named.fullmatch(page[1]):
            yield f'docs/site/index.md does not name {page[1]}'


def main():
    root = sys.argv[1]
    paths = documents(root)
    found = [line for path in paths for line in broken(root, path)] + \
        list(without_place(root, paths))
    for line in found:
        print(line)
    sys.exit(bool(found))


main()
