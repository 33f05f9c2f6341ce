# shellcheck shell=sh
# Sourced: makes cargo able to build for wasm32-unknown-unknown. The target comes from rustup where that works, else from
# Debian's compiler (scripts/wasm-toolchain.sh); HEARTH_WASM_TOOLCHAIN=rustup or =debian insists on one of the two.
# Reads $here (the clone) and $cache.

target=wasm32-unknown-unknown
# A folder of its own: the other compiler would rebuild what the host's has built.
CARGO_TARGET_DIR=${HEARTH_WASM_TARGET_DIR:-$cache/wasm-target}
# A Worker is loaded for each start: small counts. Names of functions stay out, the list of features that wasm-bindgen
# reads stays in.
CARGO_PROFILE_RELEASE_OPT_LEVEL=z
CARGO_PROFILE_RELEASE_LTO=fat
CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1
CARGO_PROFILE_RELEASE_STRIP=debuginfo
export CARGO_TARGET_DIR CARGO_PROFILE_RELEASE_OPT_LEVEL CARGO_PROFILE_RELEASE_LTO CARGO_PROFILE_RELEASE_CODEGEN_UNITS \
  CARGO_PROFILE_RELEASE_STRIP

has_target() {
  libraries=$(rustc --print target-libdir --target $target 2>/dev/null) && [ -d "$libraries" ]
}

from_rustup() {
  # Without a way to rustup's servers this would try for minutes.
  has_target || { command -v rustup >/dev/null && timeout 90 rustup target add $target >&2 && has_target; }
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
