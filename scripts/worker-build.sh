#!/bin/sh
# Builds the Worker as it is deployed, into functions/cloudflare/build/. wrangler.toml names this as its build command.
# Fetches what it needs: worker-build, and wasm-opt by npm.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${HEARTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hearth}
PATH=$PATH:$HOME/.cargo/bin
export PATH
tools=$("$here/scripts/host-tools.sh" "$cache/tools")
eval "$tools"
. "$here/scripts/wasm-env.sh"

ESBUILD_BIN=$(ls "$HEARTH_HOST_PACKAGES"/@esbuild/*/bin/esbuild)
export ESBUILD_BIN WASM_BINDGEN_BIN
cd "$here/functions/cloudflare"
# Our own wasm-opt follows: worker-build's is one more download.
"$WORKER_BUILD" --release --no-opt >&2
optimised=build/index_bg.wasm
[ -f "$optimised" ] || optimised=$(ls build/*.wasm build/*/*.wasm 2>/dev/null | head -n 1)
"$HEARTH_NODE" "$HEARTH_HOST_PACKAGES/binaryen/bin/wasm-opt" -Os --all-features "$optimised" -o "$optimised.small"
mv "$optimised.small" "$optimised"
echo "the Worker: $(gzip -9 -c "$optimised" | wc -c) bytes, gzipped" >&2
