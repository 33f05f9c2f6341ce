#!/bin/sh
# Builds everything in shared/ for wasm32-unknown-unknown. The target comes from rustup where that works, else from
# Debian's compiler (scripts/wasm-toolchain.sh); HEARTH_WASM_TOOLCHAIN=rustup or =debian insists on one of the two.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${HEARTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hearth}
target=wasm32-unknown-unknown
# A folder of its own: the other compiler would rebuild what the host's has built.
CARGO_TARGET_DIR=${HEARTH_WASM_TARGET_DIR:-$cache/wasm-target}
export CARGO_TARGET_DIR

has_target() {
  libraries=$(rustc --print target-libdir --target $target 2>/dev/null) && [ -d "$libraries" ]
}

from_rustup() {
  has_target || { command -v rustup >/dev/null && rustup target add $target && has_target; }
}

from_debian() {
  environment=$("$here/scripts/wasm-toolchain.sh" "$cache/wasm")
  eval "$environment"
}

case ${HEARTH_WASM_TOOLCHAIN-} in
rustup) from_rustup ;;
debian) from_debian ;;
*) from_rustup || from_debian ;;
esac

cd "$here"
exec cargo build --release --target $target \
  -p hearth-domain -p hearth-wire -p hearth-routing -p hearth-clients -p hearth-api
