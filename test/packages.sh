# Installs what building avow and its tests needs and is not there yet, on
# Debian and Ubuntu. To be sourced, with the names of further packages in
# $more. Other systems: install the same by hand; nothing is done here then.
set -eu

needed="gcc libc6-dev meson ninja-build pkg-config libuv1-dev ${more:-}"

missing=
for package in $needed; do
  case "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>&1)" in
  installed) ;;
  *) missing="$missing $package" ;;
  esac
done

if [ -n "$missing" ] && command -v apt-get >/dev/null; then
  echo "installing:$missing"
  as_root=
  [ "$(id -u)" = 0 ] || as_root=sudo
  $as_root apt-get update -qq
  # shellcheck disable=SC2086 # a list of words
  $as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
