# SPDX-License-Identifier: MIT
"""Repair the theme furo of Debian.

Its style sheet loads normalize.css from a web server. It has dark colors only if
the reader selects them. Its script is a module, but is not loaded as a module.
A complete furo remains unchanged.
"""
import os
import re
import shutil

NORMALIZE = '/usr/share/javascript/normalize.css/normalize.css'
ASKS = '@import url(/javascript/normalize.css/normalize.css);'
IMPORT = re.compile(r'^import Gumshoe from .*$', re.M)


def read(path):
    with open(path, encoding='utf-8') as file:
        return file.read()


def save(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def dark_by_itself(style):
    """Return rules with the dark colors for systems in dark mode."""
    found = re.search(r'(?s)body\[data-theme="dark"\] \{(.*?)\}', style)
    if found is None or 'prefers-color-scheme' in style:
        return ''
    icons = re.findall(r'(?s)html body\[data-theme="dark"\] \.only-light \{.*?\}|'
                       r'\bbody\[data-theme="dark"\] \.only-dark \{.*?\}', style)
    rules = '\n'.join([f'body[data-theme="auto"] {{{found[1]}}}',
                       *(rule.replace('"dark"', '"auto"') for rule in icons)])
    return ('\n@media not print {\n@media (prefers-color-scheme: dark) {\n'
            f'{rules}\n}}\n}}\n')


def mend(static):
    style = f'{static}/styles/furo.css'
    text = read(style)
    if ASKS in text and os.path.exists(NORMALIZE):
        shutil.copy(NORMALIZE, f'{static}/styles/normalize.css')
        text = text.replace(ASKS, '@import url(normalize.css);')
    save(style, text + dark_by_itself(text))
    script = f'{static}/scripts/furo.js'
    text = read(script)
    if IMPORT.search(text):
        gumshoe = read(f'{static}/scripts/gumshoe-patched.js')
        save(script, gumshoe + '\n' + IMPORT.sub('', text))
