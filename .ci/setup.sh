#!/usr/bin/env bash
# Makes sure that what building and testing needs is here. Says nothing when it is.
#
# Debian packages are installed only when something is missing, and only as root or through sudo;
# otherwise a sentence says what to install. `setup.sh browser` is about what the web app is tested in.
set -euo pipefail
cd "$(dirname "$0")/.."

fail() {
  echo "setup: $*" >&2
  exit 1
}

# need COMMAND PACKAGE: remembers the package when there is no such command.
missing=()
need() { command -v "$1" > /dev/null || missing+=("$2"); }

install_packages() {
  local as_root=()
  if [ "$(id -u)" != 0 ]; then
    as_root=(sudo -n)
    sudo -n true 2> /dev/null || fail "please install: ${missing[*]}"
  fi
  command -v apt-get > /dev/null || fail "please install what gives these Debian packages: ${missing[*]}"
  echo "setup: installing ${missing[*]}"
  "${as_root[@]}" timeout 300 apt-get -qq update < /dev/null
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive timeout 600 \
    apt-get -qq install -y --no-install-recommends "${missing[@]}" < /dev/null > /dev/null
}

if [ "${1:-}" = browser ]; then
  need "${CHROMIUM:-/usr/bin/chromium}" chromium
  [ ${#missing[@]} = 0 ] || install_packages
  exit
fi

need cc build-essential # SQLite and ring bring C
need git git
# Only where a test that is skipped is a failure: Debian starts what it installs.
if [ "${CI:-}" = true ]; then
  need prometheus prometheus
  need amtool prometheus-alertmanager
  need java default-jre-headless # DynamoDB Local, which npm fetches
  python3 -c 'import ensurepip' 2> /dev/null || missing+=(python3-venv)
fi
[ ${#missing[@]} = 0 ] || install_packages

command -v cargo > /dev/null || fail "there is no cargo: install Rust with rustup"
for component in rustfmt:fmt clippy:clippy; do
  cargo "${component#*:}" --version > /dev/null 2>&1 ||
    rustup --quiet component add "${component%:*}" > /dev/null 2>&1 ||
    fail "cargo ${component#*:} is missing: rustup component add ${component%:*}"
done

# Five minutes of compiling: only where a missing check is a failure.
if [ "${CI:-}" = true ] && ! command -v cargo-deny > /dev/null; then
  echo "setup: building cargo-deny"
  timeout 1500 cargo install --quiet --locked cargo-deny < /dev/null
fi
