# SPDX-License-Identifier: MIT
"""Map links of documents to pages of the site.

Documents link to documents and sources by their paths in the repository. On the
site, a document has a page, a public header has a page of the reference, and any
other file has a page that shows it.
"""
import os
import re
import subprocess

# Documents outside docs/, by path, and their pages.
PAGES = {'README.md': 'readme', 'CHANGELOG.md': 'changelog',
         'CONTRIBUTING.md': 'contributing', 'SECURITY.md': 'security'}
LANGUAGES = {'c': 'c', 'h': 'c', 'py': 'python', 'js': 'javascript', 'sh': 'sh',
             'lua': 'lua', 'cpp': 'cpp', 'pl': 'perl', 'awk': 'awk'}
PICTURES = ('.svg', '.png')
LINK = re.compile(r'(\]\()([^()\s#]+)?(#[^()\s]+)?(\))')
ELSEWHERE = re.compile(r'[a-z]+:')


def page_of_document(path):
    """Return the page of a document, or None for other files."""
    if path in PAGES:
        return PAGES[path]
    if re.fullmatch(r'docs/[^/]+\.md', path):
        return os.path.basename(path)[:-3]
    if re.fullmatch(r'docs/site/.+\.md', path):
        return path[len('docs/site/'):-3]
    return None


def page_of_header(name):
    """Return the page of a public header, which may be given without its path."""
    name = os.path.basename(name)
    stem, ending = name.split('.')
    return f'reference/{stem}' if ending == 'h' else f'reference/cpp/{stem}'


class Links:
    """Rewrites links and records which files need a page."""

    def __init__(self, root):
        self.root = root
        self.shown = set()

    def page(self, path):
        """Return the page of a path in the repository, without its extension."""
        found = page_of_document(path)
        if found:
            return found
        if re.fullmatch(r'include/avow/\w+\.h(pp)?|include/avow\.hpp', path):
            return page_of_header(path)
        if path == 'include/avow.h' or path == 'include/avow':
            return 'reference/index'
        full = os.path.join(self.root, path)
        if not os.path.exists(full):
            raise ValueError(f'a link leads to {path}, which does not exist')
        self.shown.add(path)
        if os.path.isdir(full):
            return f'source/{path}/index'
        return f'source/{path}'

    def rewritten(self, text, document):
        """Return the text of a document with links of the site."""
        here = page_of_document(document)

        def other(match):
            target, anchor = match[2], match[3] or ''
            if target is None or ELSEWHERE.match(target):
                return match[0]
            path = os.path.normpath(
                os.path.join(os.path.dirname(document), target))
            to = os.path.basename(path) if path.endswith(PICTURES) else \
                f'{self.page(path)}.md'
            there = os.path.relpath(to, os.path.dirname(here) or '.')
            return f'{match[1]}{there}{anchor}{match[4]}'

        out, fenced = [], False
        for line in text.split('\n'):
            if line.lstrip().startswith('```'):
                fenced = not fenced
            out.append(line if fenced else LINK.sub(other, line))
        return '\n'.join(out)


HIDDEN = '---\nnosearch: true\norphan: true\n---\n\n'


def listing(root, path):
    """Return the files of a directory that belong to the project."""
    try:
        files = subprocess.run(
            ['git', '-C', root, 'ls-files', path], check=True, text=True,
            capture_output=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        files = sorted(os.path.relpath(os.path.join(folder, name), root)
                       for folder, _, names in os.walk(os.path.join(root, path))
                       for name in names)
    return [file[len(path) + 1:] for file in files]


def source_page(root, path):
    """Return a page that shows a file or the contents of a directory."""
    full = os.path.join(root, path)
    if os.path.isdir(full):
        names = '\n'.join(listing(root, path))
        return f'{HIDDEN}# {path}/\n\n```text\n{names}\n```\n'
    language = LANGUAGES.get(path.rsplit('.', 1)[-1], 'text')
    return (f'{HIDDEN}# {path}\n\n```{{literalinclude}} {os.path.basename(path)}\n'
            f':language: {language}\n```\n')
