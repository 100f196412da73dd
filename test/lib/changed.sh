# SPDX-License-Identifier: MIT
# To be read by scripts, at the top of the tree. changed_files PATH...: what
# changed of late, which is since origin/main or, in a clone that is no further
# than that, by the last 20 commits; and what is not committed.
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
