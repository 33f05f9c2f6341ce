#!/bin/sh
# Builds the functions for Vercel and Lambda as they are deployed (the profile `functions`), for this machine's kind of
# processor, and prints the folder that they are in.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${HEARTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hearth}
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$cache/target}
# Takes the place of .cargo/config.toml's: what runs elsewhere must not be built for the processor at hand.
case $(uname -m) in
x86_64) RUSTFLAGS=-Ctarget-cpu=x86-64-v2 ;;
*) RUSTFLAGS= ;;
esac
export CARGO_TARGET_DIR RUSTFLAGS

cd "$here"
# One by one, as each is deployed: together they would have each other's features.
cargo build --profile functions -p hearth-vercel >&2
cargo build --profile functions -p hearth-lambda >&2
echo "$CARGO_TARGET_DIR/functions"
