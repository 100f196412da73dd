# SPDX-License-Identifier: MIT
"""DIRECTORY: reads all files of it."""
import os
import sys

files = count = 0
for entry in os.scandir(sys.argv[1]):
    with open(entry.path, 'rb') as file:
        count += len(file.read())
    files += 1
print(f'{files} files, {count} bytes')
