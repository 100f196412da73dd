#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Check that the links of all documents have a target.

  links.py SOURCE-ROOT

A link must name an existing file. If it names a part of a document, the
document must have that heading. The site's contents must name each document.
Blocks and snippets that a page takes from other files must exist.
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
    """Return the anchors of the headings, as GitHub and the site form them."""
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
            yield f'{document} links to {path}, which does not exist'
        elif anchor and path.endswith('.md') and \
                anchor[1:] not in slugs(read(f'{root}/{path}')):
            yield f'{document} links to {path}{anchor}, which does not exist'
    for kind, name, path in TAKEN.findall(text):
        mark = f'<!-- {name} -->' if kind == 'block' else f'\n## {name}\n'
        if mark not in read(f'{root}/{path}'):
            yield f'{document} takes "{name}" of {path}, which lacks it'


def without_place(root, paths):
    """Yield a complaint for each page that the site's contents do not name."""
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
