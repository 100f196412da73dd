#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example words as a user would. test_words.sh WORDS
. "$(dirname "$0")/example.sh"
words=$(absolute "$1")
cd "$dir"
printf 'one two\n three\n' >some
: >none

echo "words: a row for each file and the total"
run 0 "$words" some none some
out '       3 some'
out '       0 none'
out '       6 in all'
[ "$(wc -l <out)" -eq 4 ] || fail "not four lines"

echo "words: reports unreadable files and counts the rest"
run 1 "$words" missing some
out '       3 in all'
err "words: read 'missing': no such file or directory"

echo "words: usage"
run 2 "$words"
err 'usage: words FILE...'
run 0 "$words" --help
echo "all passed"
