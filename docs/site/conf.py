# SPDX-License-Identifier: MIT
"""The configuration of Sphinx for the site; see docs/site.sh."""
import os
import re
import sys

ROOT = os.environ['AVOW_ROOT']
sys.path.insert(0, os.path.join(ROOT, 'docs', 'site'))
from links import Links, page_of_document
import theme
from sphinx.domains.c import CDomain
from sphinx.domains.cpp import CPPDomain


def read(path):
    with open(os.path.join(ROOT, path), encoding='utf-8') as file:
        return file.read()


project = 'avow'
author = 'the avow authors'
version = release = re.search(r'AVOW_VERSION\s+"(.*)"',
                              read('include/avow/config.h'))[1]
extensions = ['myst_parser']
source_suffix = {'.md': 'markdown', '.rst': 'restructuredtext'}
myst_heading_anchors = 4
# Incomplete code is shown without highlighting.
suppress_warnings = ['myst.header', 'misc.highlighting_failure']
primary_domain = 'c'
highlight_language = 'none'  # commands; output is marked as text
html_theme = 'furo'
html_title = f'avow {version}'
html_static_path = [os.path.join(ROOT, 'docs', 'site', 'look')]
html_css_files = ['site.css']
html_show_sphinx = False
html_show_copyright = False
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    'light_css_variables': {'color-brand-primary': '#0b5f8a',
                            'color-brand-content': '#0b5f8a',
                            'color-code-background': '#f6f8fa'},
    'dark_css_variables': {'color-brand-primary': '#6cc3ee',
                           'color-brand-content': '#6cc3ee'},
}
pygments_style = 'xcode'
pygments_dark_style = 'github-dark'


def block(path, name):
    """Return the block below <!-- name --> in a document."""
    found = re.search(rf'(?ms)^<!-- {name} -->\n(```\w*\n.*?^```)', read(path))
    if found is None:
        raise ValueError(f'{path} has no block <!-- {name} -->')
    return found[1]


def snippet(path, title):
    """Return the first C snippet of a section, which the tests run, and its
    output. Pages refer to it in place of a copy."""
    found = re.search(rf'(?ms)^## {re.escape(title)}$(.*?)(?=^## |\Z)', read(path))
    pieces = found and re.search(
        r'(?ms)^(```c\n.*?^```)\n+(```text\n.*?^```)', found[1])
    if not pieces:
        raise ValueError(f'{path} has no snippet in {title}')
    return f'{pieces[1]}\n\n{pieces[2]}'


# Above the first snippet of a page.
LEAD = '''\
*The tests run the C snippets and compare their output with the text below them. `avow_async()` calls each `example()`,
so that it may await. The snippets use a few [functions of the tests](test/proof/snippets/prelude.h): `get(name)` sends
a slow request and fulfills with the name in capitals, `text(v)` returns the bytes of a value, and `say()` prints a
line. `loop` is the loop.*

'''


def with_lead(text, document):
    """Insert LEAD before the first snippet, with a link relative to the page."""
    path = os.path.relpath('test/proof/snippets/prelude.h', os.path.dirname(document))
    lead = LEAD.replace('test/proof/snippets/prelude.h', path)
    return re.sub(r'(?=<!-- snippet )', lambda match: lead, text, count=1)


def on_read(app, page, source):
    """Rewrite the links of a document, and insert blocks of other documents:

    <!-- block first program of README.md -->
    <!-- snippet Work that blocks of docs/recipes.md -->
    """
    path = os.path.realpath(app.env.doc2path(page))
    document = os.path.relpath(path, os.path.realpath(ROOT))
    if page_of_document(document) is None or document.startswith('..'):
        return
    text = re.sub(r'<!-- block (.*) of (\S+) -->',
                  lambda match: block(match[2], match[1]),
                  with_lead(source[0], document))
    text = re.sub(r'<!-- snippet (.*) of (\S+) -->',
                  lambda match: snippet(match[2], match[1]), text)
    # A page that may be missing: "name ?" in a table of contents.
    text = re.sub(r'(?m)^(\w+) \?\n', lambda match: match[1] + '\n' if
                  os.path.exists(f'{ROOT}/docs/{match[1]}.md') else '', text)
    source[0] = Links(ROOT).rewritten(text, document)


def on_end(app, problem):
    if problem is None:
        theme.mend(os.path.join(app.outdir, '_static'))


def findable(objects):
    """Return the objects that a search may find, without parameters."""
    return (found for found in objects
            if found[2] not in ('functionParam', 'templateParam'))


class C(CDomain):
    def get_objects(self):
        return findable(super().get_objects())


class Cpp(CPPDomain):
    def get_objects(self):
        return findable(super().get_objects())


def setup(app):
    app.add_domain(C, override=True)
    app.add_domain(Cpp, override=True)
    app.connect('source-read', on_read)
    app.connect('build-finished', on_end)
