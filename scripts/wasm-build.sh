#!/bin/sh
# Builds everything in shared/ for wasm32-unknown-unknown, with the Worker on top of it.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${HEARTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hearth}
. "$here/scripts/wasm-env.sh"

cd "$here"
exec cargo build --release --target "$target" -p hearth-cloudflare
