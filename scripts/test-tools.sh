#!/bin/sh
# The cargo tools that the tests run, each built once into DIR where it is not on the machine already.
# Usage: test-tools.sh DIR
set -eu

dir=$1
PATH=$dir/bin:$PATH

# Tools that run for a second need no optimiser that runs for minutes.
CARGO_PROFILE_RELEASE_OPT_LEVEL=1
CARGO_PROFILE_RELEASE_LTO=off
CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
CARGO_PROFILE_RELEASE_DEBUG=none
export CARGO_PROFILE_RELEASE_OPT_LEVEL CARGO_PROFILE_RELEASE_LTO CARGO_PROFILE_RELEASE_CODEGEN_UNITS CARGO_PROFILE_RELEASE_DEBUG

# tool NAME VERSION
tool() {
  command -v "$1" >/dev/null && return 0
  echo "Installing $1 $2 into $dir" >&2
  CARGO_TARGET_DIR=$dir/build cargo install --quiet --locked --root "$dir" "$1@$2" >&2
}

tool cargo-machete 0.9.2
tool cargo-deny 0.20.2
rm -rf "$dir/build"

# rustup's minimal profile leaves these out.
cargo fmt --version >/dev/null 2>&1 || rustup component add rustfmt >&2
cargo clippy --version >/dev/null 2>&1 || rustup component add clippy >&2
