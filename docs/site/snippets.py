# SPDX-License-Identifier: MIT
"""The C snippets of documents, as examples of the reference. The tests run them."""
import re
from typing import NamedTuple

# The documents of test/proof/snippets, in order of preference.
DOCUMENTS = ('core', 'core-tools', 'core-io', 'flow', 'stream', 'sys',
             'loops', 'recipes', 'recipes-channels', 'recipes-limits',
             'recipes-services', 'recipes-system', 'from-javascript', 'adapters',
             'health', 'start')


class Snippet(NamedTuple):
    page: str
    title: str
    code: str
    says: str


class Snippets:
    def __init__(self, read):
        self.all = [snippet for name in DOCUMENTS
                    for snippet in of_document(name, read(f'docs/{name}.md'))]

    def of(self, name):
        uses = re.compile(rf'\b{name}\b')
        return [snippet for snippet in self.all if uses.search(snippet.code)]

    def shortest(self, name):
        """Return the shortest snippet that uses the name, or None."""
        found = self.of(name)
        return min(found, key=lambda snippet: len(snippet.code), default=None)

    def pages(self, names):
        """Return (page, title) of the documents that use some of the names."""
        seen = {}
        for name in names:
            for snippet in self.of(name):
                seen.setdefault(snippet.page, TITLES[snippet.page])
        return list(seen.items())


TITLES = {'core': 'The core', 'core-tools': 'Channels, limits, groups, threads',
          'core-io': 'Connections, streams, files, processes', 'flow': 'Flow',
          'stream': 'Streams', 'sys': 'Directories, files and commands',
          'loops': 'Loops on several threads', 'recipes': 'Recipes',
          'recipes-channels': 'Recipes for channels',
          'recipes-limits': 'Recipes for limits',
          'recipes-services': 'Recipes for clients',
          'recipes-system': 'Recipes for servers and files',
          'adapters': 'Adapters', 'from-javascript': 'From JavaScript',
          'health': 'Health', 'start': 'Start here'}


def of_document(name, text):
    title, code, says = name, None, None
    pieces = re.findall(r'(?ms)^## (.*?)$|^```(c|text)\n(.*?)^```$', text)
    for heading, language, body in pieces:
        if heading:
            title = heading.replace('`', '')  # a link's text is plain
        elif language == 'c':
            code = body.rstrip('\n')
        elif code is not None:
            says = body.rstrip('\n')
            yield Snippet(name, f'{TITLES[name]}: {title}', code, says)
            code = None
