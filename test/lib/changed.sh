# SPDX-License-Identifier: MIT
# Scripts source this file at the top of the tree. `changed_files PATH...`
# prints the files that changed since origin/main, and files with uncommitted
# changes. In a clone that is not ahead of origin/main, it uses the last 20
# commits.
changed_files() {
  ahead=$(git rev-list --count origin/main..HEAD 2>/dev/null) || ahead=0
  range='-n 20 HEAD'
  [ "$ahead" = 0 ] || range=origin/main..HEAD
  {
    git diff --name-only HEAD -- "$@"
    # shellcheck disable=SC2086 # a list of words
    git rev-list $range |
      git diff-tree --stdin -r -m --root --no-commit-id --name-only -- "$@"
  } | sort -u
}
