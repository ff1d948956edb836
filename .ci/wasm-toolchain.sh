#!/usr/bin/env bash
# Finds or makes a rustc that can build for wasm32-wasip2, and prints its path: give it to cargo as RUSTC.
#
#   usage: wasm-toolchain.sh [auto|rustup|web|testing]
#
#   rustup   the toolchain in use has the target already (elsewhere: `rustup target add wasm32-wasip2`)
#   web      Debian's rustc-web and its sources; std for the target is built here, for size (a CPU minute, 140 MB)
#   testing  rustc and its wasm std of Debian testing, run with their own libc (190 MB)
#   auto     the first of these that works
#
# Nothing is installed system-wide and the machine's apt configuration stays as it is: packages come from
# the machine's own mirror, are checked by apt as always, and are unpacked below WASM_PREFIX
# (default ~/.cache/wasm-toolchain). What was made once is used again.
set -euo pipefail

TARGET=wasm32-wasip2
PREFIX=${WASM_PREFIX:-$HOME/.cache/wasm-toolchain}
HOST=$(rustc -vV | sed -n 's/^host: //p')
TRIPLET=${HOST/-unknown-/-}                       # Debian's name for the machine: x86_64-linux-gnu
TOOLS=$(rustc --print sysroot)/lib/rustlib/$HOST/bin    # rust-lld and wasm-component-ld come with rustup's rustc
APT_OPTIONS=(-qq -o APT::Sandbox::User=root -o Acquire::Retries=2 -o Acquire::http::Timeout=30
             -o Acquire::https::Timeout=30)

say() { echo "wasm-toolchain: $*" >&2; }

# --- apt ------------------------------------------------------------------------------------------------

# The mirror of the machine's own main suite.
mirror() {
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT)' |
    awk '$2 !~ /security|updates|backports/ && $3 == "main" && $1 ~ /debian$/ { print $1; exit }'
}

# apt_of SUITE TOOL ARGUMENTS...: an apt tool with a state of its own, which sees that suite and no other;
# the suite "own" stands for whatever the machine is configured to see.
apt_of() {
  local suite=$1 tool=$2 state=$PREFIX/apt/$1 options
  shift 2
  mkdir -p "$state"/lists/partial "$state"/cache/archives/partial
  : > "$state/status"
  options=("${APT_OPTIONS[@]}"
    -o Dir::State="$state" -o Dir::State::status="$state/status" -o Dir::State::Lists="$state/lists"
    -o Dir::Cache="$state/cache" -o Acquire::Languages=none
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false)
  if [ "$suite" != own ]; then
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $(mirror) $suite main" > "$state/sources.list"
    options+=(-o Dir::Etc::SourceList="$state/sources.list" -o Dir::Etc::SourceParts=/dev/null
      -o Dir::Etc::PreferencesParts=/dev/null)
  fi
  "$tool" "${options[@]}" "$@"
}

# candidate SUITE PACKAGE: the version that would be installed; nothing when there is none.
candidate() {
  apt_of "$1" apt-cache policy "$2" | awk '/Candidate:/ && $2 != "(none)" { print $2 }'
}

# depends_on SUITE PACKAGE PATTERN: the first dependency whose name begins like that.
depends_on() {
  apt_of "$1" apt-cache depends "$2" |
    awk -v pattern="^$3" '!found && /Depends:/ && $2 ~ pattern { found = $2 } END { print found }'
}

# new_enough VERSION: whether a compiler of that version takes this workspace.
new_enough() {
  local wanted
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' "$(dirname "$0")/../Cargo.toml")
  [ -n "$1" ] && dpkg --compare-versions "$1" ge "$wanted"
}

unpack() { # unpack FROM INTO
  local package
  for package in "$1"/*.deb; do dpkg -x "$package" "$2"; done
}

# --- compilers ------------------------------------------------------------------------------------------

# wrapper FILE COMMAND: a script that runs a compiler with the linkers in its path.
wrapper() {
  mkdir -p "$(dirname "$1")"
  printf '#!/bin/sh\nPATH="%s:%s/gcc-ld:$PATH"; export PATH\n%s "$@"\n' "$TOOLS" "$TOOLS" "$2" > "$1"
  chmod +x "$1"
}

# Whether RUSTC makes a component: a wasm file of the component layer (0d 00 01 00).
makes_components() {
  local dir layer
  dir=$(mktemp -d)
  echo 'fn main() { println!("{:?}", std::env::args().count()) }' > "$dir/a.rs"
  layer=$("$1" --edition 2021 --target "$TARGET" -O "$dir/a.rs" -o "$dir/a.wasm" >&2 &&
    od -An -tx1 -j4 -N4 "$dir/a.wasm" | tr -d ' ')
  rm -rf "$dir"
  [ "$layer" = 0d000100 ]
}

of_rustup() {
  [ -e "$(rustc --print target-libdir --target "$TARGET" 2>/dev/null)/self-contained/libc.a" ] || return 1
  rustup which rustc 2>/dev/null || command -v rustc
}

# made_before KIND: the compiler that an earlier call has made, if it still is new enough.
made_before() {
  local complete home
  for complete in "$PREFIX/$1"-*/complete; do
    home=${complete%/complete}
    if [ -e "$complete" ] && new_enough "${home##*/"$1"-}"; then
      echo "$home/bin/rustc"
      return
    fi
  done
  return 1
}

of_web() {
  local version home root std llvm sysroot
  apt_of own apt-get update >&2
  version=$(candidate own rustc-web)
  new_enough "$version" || { say "rustc-web of this Debian is ${version:-not there}: too old"; return 1; }
  home=$PREFIX/web-small-$version
  root=$home/root
  say "fetching rustc-web $version and its sources"
  rm -rf "$home"
  mkdir -p "$home/debs"
  std=$(depends_on own libstd-rust-web-dev libstd-rust-web-)
  llvm=$(depends_on own "$std" libllvm)
  (cd "$home/debs" &&
    apt_of own apt-get download rustc-web libstd-rust-web-dev "$std" "$llvm" rust-web-src >&2)
  unpack "$home/debs" "$root"
  apt_of trixie apt-get update >&2
  mkdir -p "$home/libc-debs"
  (cd "$home/libc-debs" && apt_of trixie apt-get download wasi-libc >&2)
  unpack "$home/libc-debs" "$home/libc"

  wrapper "$home/bin/rustc-host" \
    "LD_LIBRARY_PATH='$root/usr/lib/$TRIPLET' exec '$root/usr/bin/rustc' --sysroot '$root/usr'"
  sysroot=$home/sysroot/lib/rustlib
  mkdir -p "$sysroot/$TARGET/lib/self-contained"
  ln -sfn "$root/usr/lib/rustlib/$HOST" "$sysroot/$HOST"
  cp "$home/libc/usr/lib/$TARGET"/{crt1-command.o,crt1-reactor.o,libc.a} "$sysroot/$TARGET/lib/self-contained/"
  build_std "$home" "$sysroot/$TARGET/lib"
  rm -rf "$home/debs" "$home/libc-debs" "$root/usr/src"

  wrapper "$home/bin/rustc" \
    "LD_LIBRARY_PATH='$root/usr/lib/$TRIPLET' exec '$root/usr/bin/rustc' --sysroot '$home/sysroot'"
  makes_components "$home/bin/rustc"
  touch "$home/complete"
  echo "$home/bin/rustc"
}

# build_std HOME INTO: std for the target, as the Rust project itself builds it, but small: without what gives
# names to stack frames, for wasm has none to walk.
build_std() {
  local home=$1 into=$2 source
  source=$(echo "$home"/root/usr/src/rustc-*/library)
  say "building std for $TARGET"
  (cd "$source" && env -u RUSTC_WRAPPER RUSTC="$home/bin/rustc-host" RUSTC_BOOTSTRAP=1 \
    __CARGO_DEFAULT_LIB_METADATA=wasip2std CARGO_TARGET_DIR="$home/build" \
    CARGO_PROFILE_RELEASE_PANIC=abort CARGO_PROFILE_RELEASE_DEBUG=0 CARGO_PROFILE_RELEASE_OPT_LEVEL=z \
    RUSTFLAGS="-Zforce-unstable-if-unmarked -Cembed-bitcode=yes -Clink-self-contained=yes -Lnative=$into/self-contained" \
    cargo build --quiet --locked --release --target "$TARGET" --manifest-path sysroot/Cargo.toml \
    --no-default-features --features compiler-builtins-mem,optimize_for_size,backtrace-trace-only >&2)
  cp "$home/build/$TARGET/release/deps/"*.rlib "$into/"
  rm -rf "$home/build"
}

of_testing() {
  local suite=testing version home std llvm closure lib loader
  apt_of "$suite" apt-get update >&2
  version=$(candidate "$suite" rustc)
  new_enough "$version" && [ "$version" = "$(candidate "$suite" libstd-rust-dev-wasm32)" ] ||
    { say "rustc of Debian $suite is too old, or not of one version with its wasm std"; return 1; }
  home=$PREFIX/$suite-$version
  say "fetching rustc $version of Debian $suite"
  rm -rf "$home"
  mkdir -p "$home/debs"
  std=$(depends_on "$suite" libstd-rust-dev 'libstd-rust-[0-9]')
  closure=$(apt_of "$suite" apt-cache depends --recurse --no-recommends --no-suggests --no-conflicts \
    --no-breaks --no-replaces --no-enhances "$std" |
    grep -E '^[a-z0-9]' | grep -vE '^(gcc-.*-base|libc-gconv.*)$' | sort -u)
  # shellcheck disable=SC2086 # a list of words
  (cd "$home/debs" && apt_of "$suite" apt-get download rustc libstd-rust-dev libstd-rust-dev-wasm32 $closure >&2)
  unpack "$home/debs" "$home/root"
  rm -rf "$home/debs"
  lib=$home/root/usr/lib/$TRIPLET
  loader=$(echo "$lib"/ld-linux*.so.*)
  wrapper "$home/bin/rustc" \
    "exec '$loader' --library-path '$lib' --argv0 \"\$0\" '$home/root/usr/bin/rustc' --sysroot '$home/root/usr'"
  makes_components "$home/bin/rustc"
  touch "$home/complete"
  echo "$home/bin/rustc"
}

# --- which one ------------------------------------------------------------------------------------------

main() { # a function, so that all of this file is read before any of it runs
  local each found
  case $1 in
    auto)
      for each in rustup web testing; do
        # A process of its own: `set -e` has no force inside a condition.
        if found=$("$0" "$each"); then
          echo "$found"
          return
        fi
        [ "$each" = rustup ] || say "the way \"$each\" did not work here"
      done
      return 1
      ;;
    rustup) of_rustup ;;
    web | testing)
      command -v apt-get dpkg apt-cache > /dev/null ||
        { say "this is no Debian: add the target with rustup"; return 1; }
      mkdir -p "$PREFIX"
      exec 9> "$PREFIX/lock"
      flock 9
      made_before "${1/web/web-small}" || "of_$1"
      ;;
    *)
      say "unknown way: $1"
      return 2
      ;;
  esac
}

main "${1:-auto}"
exit
