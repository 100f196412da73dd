#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Write manual pages of section 3, in mdoc: manual.py ROOT FOLDER [HEADER...]

Each function and each header has a page; HEADER restricts this to some headers.
The page of a header describes its types and macros, whose names are links to it,
and lists its functions. If a function has the name of its header's page, as
avow_post of post.h does, that page describes it. Meson calls this program to
install the pages. Its environment gives the place of FOLDER.
"""
import os
import re
import sys
import textwrap

sys.dont_write_bytecode = True  # root must not write to the sources
import cpp
import headers

# The date of the version that the pages describe.
DATE = 'November 24, 2026'
LIBRARIES = {'curl.h': 'avow-curl', 'nats.h': 'avow-nats', 'tls.h': 'avow-tls',
             'sim.h': 'avow_sim'}
API = re.compile(r'AVOW_(?:ASYNC_)?(?:API|INLINE|MUST_USE) ?|static inline |'
                 r'AVOW_PRINTF\([^)]*\)')
NAME = re.compile(r'\b(?:avow|AVOW)_\w+')
MARKED = re.compile(r'`(?P<code>[^`]+)`|\b(?:avow|AVOW)_\w+')


def escaped(text):
    """Return text without special meaning to roff."""
    text = text.replace('\\', r'\e').replace('…', '...')
    return '\n'.join(r'\&' + line if line.startswith(('.', "'")) else line
                     for line in text.split('\n'))


def quoted(argument):
    """Return the text as one argument of a macro."""
    return '"' + argument.replace('\\', r'\e').replace('"', r'\(dq') + '"'


# The sections of a page, in the order that mandoc wants.
ORDER = ['NAME', 'LIBRARY', 'SYNOPSIS', 'DESCRIPTION', 'FUNCTIONS', 'CALLBACK',
         'RETURN VALUES', 'COMPATIBILITY', 'ERRORS', 'CANCELLATION',
         'THREAD SAFETY', 'SEE ALSO', 'HISTORY']

# promise.h and channel.h state these rules for all functions.
RULES = {
    'promise': [
        'UV_ENOMEM if there is no memory for the promise or its operation',
        'UV_ECANCELED if the loop closes while the promise is pending, or if '
        'the call uses an object of a closed loop',
        'AVOW_EMISUSE if a loop that the call gets is closed or was not '
        'initialized, or if a pointer that must not be NULL is NULL; a checked '
        'build prints the mistake and aborts'],
    'channel': [
        'UV_ENOMEM if there is no memory for the channel',
        'UV_ECANCELED if the loop closes',
        'AVOW_EMISUSE if a loop that the call gets is closed or was not '
        'initialized, or if a pointer that must not be NULL is NULL; a checked '
        'build prints the mistake and aborts']}


def added(texts, rules):
    """Return the texts, and each rule whose code no text has."""
    codes = {code for text in texts
             for code in re.findall(r'\b(?:UV|AVOW)_E\w+', text.split(' if ')[0])}
    return texts + [rule for rule in rules if rule.split()[0] not in codes]


class Manual:
    def __init__(self, all_headers, core):
        self.core = core
        self.version = next(
            entry.code.split()[-1].strip('"') for header in all_headers
            for entry in header.entries if entry.name == 'AVOW_VERSION')
        self.known = {entry.name: page_of(header) for header in all_headers
                      for entry in header.entries}
        self.known |= {entry.name: entry.name for header in all_headers
                       for entry in header.entries if has_page(entry)}

    def marked(self, text):
        """Mark code: a single name, such as a parameter, in italics, others bold."""
        def mark(match):
            name = match['code'] or match[0]
            if match['code'] is None and name not in self.known:
                return name
            italic = match['code'] and re.fullmatch(r'\*?[a-z]\w*', name)
            return rf'\f{"I" if italic else "B"}\%{name}\fP'
        return MARKED.sub(mark, escaped(text))

    def sentence(self, text):
        return sentences(self.marked(sentence(text)))

    def prose(self, text):
        """Return paragraphs. Indented lines are code."""
        out = []
        for block in re.split(r'\n\s*\n', text):
            lines = block.split('\n')
            at = next((n for n, line in enumerate(lines)
                       if line.startswith('  ')), len(lines))
            if at > 0:
                out.append(sentences(self.marked(' '.join(lines[:at]))))
            if at < len(lines):
                out.append(code('\n'.join(lines[at:])))
        return '\n.Pp\n'.join(out).replace('.Pp\n.Bd', '.Bd')

    def description(self, entry):
        """Return summary and prose, with the function as the summary's subject."""
        text = entry.summary
        if entry.kind == 'function' and not of_cpp(entry) and \
                re.match(r'[A-Z][a-z]+s\b', text):
            text = f'{title(entry)} {text[0].lower()}{text[1:]}'
        return self.prose('\n\n'.join(
            [text, entry.prose, *map(sentence, entry.labeled('owns'))]
        ).strip('\n'))

    def in_full(self, entry):
        """Describe a type, a macro or a C++ entry, with its labels in a list."""
        lines = [f'.Ss {title(entry)}', self.prose(
            f'{entry.summary}\n\n{entry.prose}'.strip('\n'))]
        if of_cpp(entry) or \
                entry.kind == 'type' and re.search(r'[{(]', entry.code):
            lines.append(code(entry.code))
        labels = [f'.It {name}\n{self.sentence(text)}'
                  for name, texts in headers.grouped(entry.labels)
                  for text in texts]
        return lines + listed(labels)

    def errors(self, intro, texts):
        """Return a list of codes, and a sentence for each error without one."""
        coded = [pair for pair in map(headers.coded, texts) if pair[0]]
        other = [text for text in texts if not headers.coded(text)[0]]
        lines = [self.marked(f'{intro} with:')] if coded else []
        lines += listed([f'.It Er {escaped(codes)}\n{self.sentence(text)}'
                         for codes, text in coded])
        if other and coded:
            lines.append('.Pp')
        return lines + [self.sentence(f'{intro} {joined(text)}')
                        for text in other]

    def of_function(self, entry):
        """Return the sections for the labels of a function."""
        name = title(entry)
        texts = entry.labeled
        returned = [f'{name} returns a promise, which settles {joined(text)}'
                    for text in texts('settles')]
        returned += [f'{name} returns a channel. Its items are {text}'
                     for text in texts('items')]
        returned += [f'{name} returns {text}' for text in texts('returns')]
        rules = {entry.outcome: RULES.get(entry.outcome, [])}
        errors = {
            f'{name} fails': texts('error'),
            f'The promise of {name} rejects':
                added(texts('rejects'), rules.get('promise', [])),
            f'The channel of {name} fails':
                added(texts('fails'), rules.get('channel', []))}
        threads = [f'{name} blocks the calling thread {text}'
                   for text in texts('blocks')]
        threads += [re.sub(r'^any\b', f'Any thread may call {name}', text)
                    for text in texts('thread')]
        sections = {
            'CALLBACK': [f'Called {text}' for text in texts('called')],
            'RETURN VALUES': returned,
            'CANCELLATION': texts('cancel'),
            'THREAD SAFETY': threads,
            'COMPATIBILITY': texts('platform'),
            'HISTORY': [f'{name} exists since avow {text}'
                        for text in texts('since')]}
        return {'ERRORS': [line for intro, found in errors.items() if found
                           for line in self.errors(intro, found)],
                **{title: ['\n.Pp\n'.join(map(self.sentence, found))]
                   for title, found in sections.items() if found}}

    def see_also(self, page, header, entries, about=''):
        """Return the pages of names in the texts, and the texts of @see."""
        found = {self.known[name] for name in NAME.findall(
            about + ''.join(entry.text for entry in entries))
            if name in self.known} | {page_of(header)}
        pages = [f'.Xr {name} 3' for name in sorted(found - {page})]
        other = [text for entry in entries for text in entry.labeled('see')]
        lines = [f'{name} ,' for name in pages[:-1]] + pages[-1:]
        lines += ['.Pp'] if pages and other else []
        return lines + ([self.marked(', '.join(other))] if other else [])

    def page(self, page, sections):
        lines = [f'.Dd {DATE}', f'.Dt {page.upper()} 3',
                 f'.Os avow {self.version}']
        for name in ORDER:
            if sections.get(name):
                lines += [f'.Sh {name}', *sections[name]]
        return '\n'.join(lines) + '\n'

    def included(self, header):
        own = 'avow.hpp' if header.name.endswith('.hpp') else \
            'avow.h' if header.name in self.core else f'avow/{header.name}'
        return f'.In {own}'

    def function_page(self, header, entry):
        return self.page(entry.name, {
            'NAME': named([entry.name], entry.summary),
            'LIBRARY': [library(header)],
            'SYNOPSIS': [self.included(header), *synopsis(entry)],
            'DESCRIPTION': [self.description(entry)],
            'SEE ALSO': self.see_also(entry.name, header, [entry]),
            **self.of_function(entry)})

    def header_page(self, header):
        page = page_of(header)
        here = [entry for entry in header.entries
                if not has_page(entry) or entry.name == page]
        names = [title(entry).rstrip('()') for entry in here]
        names = [name for name in names if name != page]
        if not header.name.endswith('.hpp'):
            names.insert(0, page)
        lines = [self.prose(header.about)]
        sections = {}
        for entry in here:
            if has_page(entry):
                lines += [f'.Ss {title(entry)}', self.description(entry)]
                sections = self.of_function(entry)
            else:
                lines += self.in_full(entry)
        return self.page(page, {
            'NAME': named(names, header.about),
            'LIBRARY': [library(header)],
            'SYNOPSIS': [self.included(header), *(
                line for entry in here for line in synopsis(entry))],
            'DESCRIPTION': lines,
            'FUNCTIONS': listed([
                f'.It Xr {entry.name} 3\n{self.sentence(brief(entry.summary))}'
                for entry in header.entries if entry not in here]),
            'SEE ALSO': self.see_also(page, header, here, header.about),
            **sections})


def has_page(entry):
    return entry.kind == 'function' and not of_cpp(entry)


def library(header):
    name = LIBRARIES.get(header.name, 'avow')
    return f'Build with the flags of pkg-config --cflags --libs {name}.'


def named(names, about):
    return [*(f'.Nm {name} ,' for name in names[:-1]), f'.Nm {names[-1]}',
            f'.Nd {escaped(first_sentence(about))}']


def listed(items):
    return ['.Bl -tag -width Ds', *items, '.El'] if items else []


def sentence(text):
    """Return the text of a label as a sentence, with a capital and a full stop."""
    text = text[0].upper() + text[1:] if re.match(r'[a-z]+\b(?![(_])', text) \
        else text
    return text if text.endswith(('.', '!', '?', ':')) else text + '.'


def joined(text):
    """Return the text of a label as it follows a verb."""
    return text if headers.DIRECT.match(text) else f'with {text}'


def page_of(header):
    """Return the page: avow_promise for promise.h, avow.hpp, avow_value.hpp."""
    name = header.name.removesuffix('.h')
    return name if name.startswith('avow.') else f'avow_{name}'


def of_cpp(entry):
    return entry.name.startswith('avow::')


def title(entry):
    """Return the title. An unnamed enumeration has that of its first constant."""
    return f'{entry.name}()' if entry.kind == 'function' else entry.name


LINE = 80  # in lists of pages


def brief(text):
    return re.split(r'\.(?:\s|$)', ' '.join(text.split()))[0]


def first_sentence(text):
    """Return a line for .Nd, without a full stop."""
    sentence = brief(text).replace('`', '')
    for mark in ('[:;]', ','):  # the beginning suffices
        while len(sentence) > LINE and re.search(f'.{{25}}{mark} ', sentence):
            sentence = re.split(f'{mark} (?!.*{mark} )', sentence)[0]
    sentence = textwrap.shorten(sentence, LINE, placeholder=' ...')
    return sentence[0].lower() + sentence[1:] \
        if not sentence[:2].isupper() else sentence


def sentences(text):
    """Return each sentence on a line of its own, as mdoc requires."""
    text = re.sub(r'(?<=\w[.?!])([)"]?) +(?=[^a-z])|(?<=[)"][.?!]) +(?=[^a-z])',
                  r'\1\n', text)
    return '\n'.join(r'\&' + line if line.startswith(('.', "'")) else line
                     for line in text.split('\n'))


def code(text):
    return f'.Bd -literal -offset indent\n{escaped(text)}\n.Ed'


def arguments(text):
    """Split a list of parameters, except at commas in parentheses."""
    out, depth = [''], 0
    for char in text:
        depth += {'(': 1, ')': -1}.get(char, 0)
        if char == ',' and depth == 0:
            out.append('')
        else:
            out[-1] += char
    return [argument.strip() for argument in out]


def synopsis(entry):
    if entry.kind == 'type' or of_cpp(entry):
        return []
    if entry.kind == 'macro':
        found = re.match(r' *# *define \w+\(([^)]*)\)', entry.code)
        if found is None:
            return [f'.Fd "#define {entry.name}"']
        takes = ' '.join(quoted(name.strip()) for name in found[1].split(','))
        return [f'.Fn {entry.name} {takes}']
    code = ' '.join(API.sub('', entry.code).split()).rstrip(' ;')
    code = re.sub(r'\((avow_\w+)\) ?\(', r'\1(', code)
    gives, takes = re.match(rf'(.*?)\b{entry.name}\((.*)\)$', code).groups()
    return [f'.Ft {quoted(gives.strip())}', f'.Fo {entry.name}',
            *(f'.Fa {quoted(argument)}' for argument in arguments(takes)),
            '.Fc']


def save(path, text):
    if os.path.islink(path):  # from an older version
        os.remove(path)
    with open(path, 'w', encoding='utf-8') as file:
        file.write(text)


def link(page, at):
    if os.path.lexists(at):
        os.remove(at)
    os.symlink(page, at)


def place(folder):
    prefix = os.environ.get('MESON_INSTALL_DESTDIR_PREFIX', '')
    if os.path.isabs(folder):
        return os.environ.get('DESTDIR', '') + folder if prefix else folder
    return os.path.join(prefix, folder)


def main():
    root, folder, *wanted = sys.argv[1:]
    folder = place(folder)
    os.makedirs(folder, exist_ok=True)
    all_headers = headers.all_of(root) + cpp.all_of(root)
    manual = Manual(all_headers, headers.core_of(root))
    own = {page_of(header) for header in all_headers}
    for header in all_headers:
        if wanted and header.name not in wanted:
            continue
        page = page_of(header)
        save(f'{folder}/{page}.3', manual.header_page(header))
        for entry in header.entries:
            if entry.name == page or of_cpp(entry):
                continue
            if entry.name in own:
                sys.exit(f'{entry.name} is a function of {header.name} and also '
                         'the page of another header')
            if has_page(entry):
                save(f'{folder}/{entry.name}.3',
                     manual.function_page(header, entry))
            else:
                link(f'{page}.3', f'{folder}/{entry.name}.3')


if __name__ == '__main__':
    main()
