#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replace a text that FILE has exactly once: replace.py FILE OLD NEW"""
import sys

path, old, new = sys.argv[1:]
with open(path, encoding='utf-8') as file:
    text = file.read()
if text.count(old) != 1:
    sys.exit(f'{path} has {text.count(old)} times: {old}')
with open(path, 'w', encoding='utf-8') as file:
    file.write(text.replace(old, new))
