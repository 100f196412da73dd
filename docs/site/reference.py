# SPDX-License-Identifier: MIT
"""Write the reference of the site: each header has a page of its comments."""
import os
import re

import cpp
import headers
from links import page_of_header

NAME = re.compile(r'''(?x)
    `(?P<code>[^`]+)`
  | (?P<function>avow_\w+\(\))
  | (?P<type>\bavow_\w+_(?:t|cb|fn)\b)
  | (?P<constant>\b(?:UV|AVOW|CURL\w*|NATS)_[A-Z]\w*)
  | (?P<call>\b[A-Za-z_]\w*\(\))
  | (?P<file>\b\w+\.h(?:pp)?\b)
  | (?P<document>\bdocs/\w+\.md\b)
  | (?P<cpp>\bavow::\w+)
  | (?P<special>[*`|\\]|_(?!\w))
''')
MACROS = re.compile(r'AVOW_(?:ASYNC_)?(?:API|INLINE|MUST_USE) ?|static inline ')


class Reference:
    def __init__(self, root, topics, snippets):
        self.headers = headers.all_of(root)
        self.cpp = cpp.all_of(root)
        self.topics = topics
        self.core = headers.core_of(root)
        self.snippets = snippets
        self.known = {entry.name: header.name for header in self.headers
                      for entry in header.entries}
        self.files = {header.name for header in self.headers + self.cpp}
        self.enumerators = {name for header in self.headers
                          for entry in header.entries
                          for name, _ in enumerators(entry)}

    def marked(self, text):
        """Return prose of a comment with names as links."""
        def mark(match):
            word = match[0]
            if match['code']:
                return rf'\ ``{match["code"]}``\ '
            if match['function']:
                if word[:-2] in self.known:
                    return rf'\ :c:func:`{word[:-2]}`\ '
            elif match['type']:
                if word in self.known:
                    return rf'\ :c:type:`{word}`\ '
            elif match['file']:
                if word in self.files:
                    return rf'\ :doc:`{word} </{page_of_header(word)}>`\ '
                return word
            elif match['document']:
                return rf'\ :doc:`/{word[5:-3]}`\ '
            elif match['cpp']:
                return rf'\ :cpp:any:`{word}`\ '
            elif match['special']:
                return '\\' + word
            elif word in self.enumerators:
                return rf'\ :c:enumerator:`{word}`\ '
            elif word in self.known:
                return rf'\ :c:macro:`{word}`\ '
            return rf'\ ``{word}``\ '
        return NAME.sub(mark, text)

    def prose(self, text):
        """Return paragraphs. Indented lines are code."""
        out = []
        for block in re.split(r'\n\s*\n', text):
            lines = block.split('\n')
            at = next((n for n, line in enumerate(lines)
                       if line.startswith('  ')), len(lines))
            if at > 0:
                out.append(self.marked(' '.join(lines[:at])))
            if at < len(lines):
                code = '\n'.join('   ' + line for line in lines[at:])
                out.append(f'.. code-block:: c\n\n{code}')
        # Blocks of code that an empty line separates are joined.
        return '\n\n'.join(out)

    def described(self, entry):
        """Return the summary, the prose, and a field for each label."""
        lines = self.prose(f'{entry.summary}\n\n{entry.prose}').split('\n')
        for title, texts in headers.grouped(entry.labels):
            lines += ['', *self.field(title, texts)]
        return lines

    def field(self, title, texts):
        if len(texts) == 1:
            return [f':{title}: {self.marked(texts[0])}']
        return [f':{title}:', *(f'   * {self.marked(text)}' for text in texts)]

    def constants(self, entry):
        """Describe each constant of an unnamed enumeration."""
        lines = ['', *self.described(entry)]
        for name, text in enumerators(entry):
            lines += ['', f'.. c:enumerator:: {name}', '']
            lines += indented(self.prose(text))
        return '\n'.join(lines)

    def entry(self, entry, shown):
        if entry.code.startswith('enum {'):
            return self.constants(entry)
        lines = ['', f'.. c:{directive(entry)}:: {signature(entry)}', '']
        lines += indented(self.described(entry))
        if entry.kind == 'type' and not enumerators(entry) and \
                re.search(r'[{(]', entry.code):
            lines += ['', '   .. code-block:: c', '']
            lines += indented(entry.code, 6)
        for name, text in enumerators(entry):
            lines += ['', f'   .. c:enumerator:: {name}', '']
            lines += indented(self.prose(text), 6)
        if entry.kind != 'type':
            lines += indented(self.example(entry, shown))
        return '\n'.join(lines)

    def example(self, entry, shown):
        """Return the shortest example. A page shows it once; `shown` has the
        examples so far."""
        example = self.snippets.shortest(entry.name)
        if example is None:
            return ''
        if example in shown:
            return f'\nIn the example of :c:func:`{shown[example]}`.\n'
        shown[example] = entry.name
        return '\n'.join([
            '',
            '.. raw:: html', '',
            '   <details class="example"><summary>Example</summary>', '',
            f'From :doc:`{example.title} </{example.page}>`:', '',
            '.. code-block:: c', '', *indented(example.code), '',
            *(['which says', '', '.. code-block:: text', '',
               *indented(example.says), ''] if example.says else []),
            '.. raw:: html', '', '   </details>', ''])

    def page(self, header):
        title = f'avow/{header.name}'
        used = self.snippets.pages(entry.name for entry in header.entries)
        seen = ', '.join(f':doc:`{title} </{page}>`' for page, title in used)
        lines = [title, '=' * len(title), '', self.prose(header.about), '']
        if header.name in self.apart():
            lines += [f'Include it by ``#include <avow/{header.name}>``: it is '
                      'not part of ``avow.h``.', '']
        if seen:
            lines += [f'Used in: {seen}.', '']
        shown = {}
        lines += [self.entry(entry, shown) for entry in header.entries]
        return '\n'.join(lines) + '\n'

    def apart(self):
        """Return the headers that avow.h does not include."""
        return {header.name for header in self.headers} - self.core

    def cpp_entry(self, entry):
        lines = ['', f'.. cpp:{entry.kind}:: {cpp.signature(entry)}', '']
        lines += indented(self.described(entry))
        if entry.kind == 'class':
            lines += ['', '   .. code-block:: cpp', '']
            lines += indented(entry.code, 6)
        return '\n'.join(lines)

    def cpp_page(self, header):
        title = header.name if header.name == 'avow.hpp' else \
            f'avow/{header.name}'
        lines = [title, '=' * len(title), '', self.prose(header.about), '',
                 CPP, '']
        lines += [self.cpp_entry(entry) for entry in header.entries]
        return '\n'.join(lines) + '\n'

    def contents(self, header):
        """Return links to the entries of a header, without types of C."""
        if header in self.cpp:
            return ', '.join(f':cpp:any:`{entry.name}`'
                             for entry in header.entries)
        return ', '.join(
            f':c:func:`{entry.name}`' if entry.kind == 'function' else
            f':c:macro:`{entry.name}`' for entry in header.entries
            if entry.kind != 'type')

    def index(self):
        lines = ['Reference', '=========', '', INTRODUCTION, '']
        for topic, names in self.topics:
            lines += [topic[0].upper() + topic[1:], '-' * len(topic), '']
            for name in names:
                header = next(h for h in self.headers + self.cpp
                              if h.name == name)
                shown = name if header in self.cpp else name[:-2]
                lines += [f':doc:`{shown} </{page_of_header(name)}>`',
                          f'   {self.contents(header)}', '']
        lines += ['.. toctree::', '   :hidden:', '']
        ordered = [name for _, names in self.topics for name in names]
        missing = sorted(self.files - set(ordered) - {'exceptions.h'})
        if missing:
            raise ValueError(f'no topic has {missing}')
        lines += [f'   /{page_of_header(name)}'
                  for name in ordered + ['exceptions.h']]
        return '\n'.join(lines) + '\n'

    def write(self, folder):
        os.makedirs(f'{folder}/cpp')
        for header in self.headers:
            save(f'{folder}/{header.name[:-2]}.rst', self.page(header))
        for header in self.cpp:
            page = os.path.basename(page_of_header(header.name))
            save(f'{folder}/cpp/{page}.rst', self.cpp_page(header))
        save(f'{folder}/index.rst', self.index())


CPP = ':doc:`C++ </cpp>` shows programs and states the rules for all C++ headers.'
INTRODUCTION = '''\
Each public header has a page. Each function, type and macro has its comment
from the header: a summary, a description, and fields such as *Settles with* and
*Rejects with*. These words name types of values: **NONE** is no result, or the
end of a stream or a channel. **INT** is a number. **BYTES** are bytes and a NUL
after the last one. A **LIST** has values. An **OBJECT** is an object of the
class that the text names. *See also* names functions of libuv or the system and
sections of ECMA-262.

The page of :doc:`promise.h </reference/promise>` has the rules for all
functions: ownership, errors, closing loops, misuse and NULL.

:ref:`All names <genindex>` are in alphabetical order. The search finds them,
too.'''


def save(path, text):
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def indented(text, by=3):
    lines = text if isinstance(text, list) else text.split('\n')
    return [' ' * by + line if line else '' for line in lines]


CONSTANT = re.compile(r'''(?xs)
    (?:/\*(?P<before>.*?)\*/\s*)?
    \b(?P<name>AVOW_\w+)(?:\s=\s-?\d+)?,?
    (?:[ ]*/\*(?P<after>.*?)\*/)?
''')


def enumerators(entry):
    """Return (name, text) of each constant of an enumeration."""
    found = re.match(r'(?:typedef )?enum\b[^{]*\{', entry.code)
    if entry.kind != 'type' or found is None:
        return []
    body = entry.code[found.end():entry.code.rindex('}')]
    return [(match['name'], ' '.join((match['before'] or match['after'] or
                                      '').split()))
            for match in CONSTANT.finditer(body)]


def directive(entry):
    return 'enum' if enumerators(entry) else entry.kind


def signature(entry):
    """Return the declaration for the C domain, without macros."""
    if entry.kind == 'type':
        return entry.name
    if entry.kind == 'macro':
        arguments = re.match(r' *# *define \w+(\([^)]*\))?', entry.code)[1] or ''
        return entry.name + arguments
    code = MACROS.sub('', entry.code)
    code = re.sub(r'AVOW_PRINTF\([^)]*\)', '', code)
    code = re.sub(r'\((avow_\w+)\) ?\(', r'\1(', code)
    return re.sub(r'\s+', ' ', code).strip().rstrip(';').strip()
