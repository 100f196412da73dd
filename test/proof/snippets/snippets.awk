# SPDX-License-Identifier: MIT
# Makes a header from the C snippets of a document. Each snippet is a part of a
# file that defines example(). The text block after it has the expected output.
# Compilers report errors with the lines of the document. Snippets below
# <!-- test/FILE --> are quotes of a test file and are left out, as are complete
# programs below <!-- first program -->.
BEGIN { print "typedef struct {\n  const char *title;\n  avow_fn example;\n" \
              "  const char *output;\n  avow_clock_t clock;\n} snippet_t;\n" }

/^## / { title = substr($0, 4) }

/^<!-- ((test|examples)\/|first program -->)/ { quoted = 1 }
/^```c$/ && quoted { quoted = 0; next }
/^```c$/ {
  n++
  titles[n] = title
  printf "#define example example_%d\n#line %d \"%s\"\n", n, FNR + 1, FILENAME
  in_c = 1
  next
}
/^```text$/ { in_text = 1; next }
/^```/ && in_c { print "#undef example\n"; in_c = 0; next }
/^```/ { in_text = 0; next }

in_c && /a loop with options whose clock is / {
  clock[n] = substr($0, index($0, "AVOW_CLOCK"))
  sub(/\..*/, "", clock[n])
}
in_c { print }
in_text {
  gsub(/\\/, "\\\\")
  gsub(/"/, "\\\"")
  output[n] = output[n] "\n    \"" $0 "\\n\""
}

END {
  print "static const snippet_t snippets[] = {"
  for (i = 1; i <= n; i++)
    printf "  { \"%s\", example_%d,%s, %s },\n", titles[i], i, output[i],
           i in clock ? clock[i] : "AVOW_CLOCK_BY_ITSELF"
  print "  { NULL, NULL, NULL, AVOW_CLOCK_REAL },\n};"
}
