#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the example query as a user would. test_query.sh QUERY
. "$(dirname "$0")/example.sh"
query=$(absolute "$1")
cd "$dir"

echo "query: rows"
run 0 "$query" file 'create table t(a); insert into t values (1), (2.5),
  (null), ("text")'
[ ! -s out ] || fail "an answer to no question"
run 0 "$query" file 'select a from t'
[ "$(tr '\n' ' ' <out)" = '1 2.5  text ' ] || fail 'other rows'
run 0 "$query" :memory: 'with recursive c(n) as
  (values (1) union all select n + 1 from c where n < 2000) select n from c'
[ "$(wc -l <out)" -eq 1000 ] || fail 'not a thousand rows'

echo "query: control characters are escaped"
run 0 "$query" :memory: "select char(27) || ']0;title' || char(7)"
out '\\x1b\]0;title\\a'

echo "query: gives up after the timeout"
endless='with recursive c(n) as (values (1) union all select n + 1 from c)
  select count(*) from c'
run 1 "$query" --timeout 50 :memory: "$endless"
err 'query: timed out'

echo "query: reports errors"
run 1 "$query" file 'select b from t'
err 'query: no such column: b'
run 1 "$query" missing/file 'select 1'
err 'query: unable to open database file'
echo "all passed"
