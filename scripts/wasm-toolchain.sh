#!/bin/sh
# A wasm32-unknown-unknown toolchain for machines where rustup cannot add the target: Debian's own compiler is unpacked
# into a folder (nothing is installed) and std is built from its source, with the project.
# Usage: wasm-toolchain.sh DIR   takes about 700 MB in DIR, and prints the environment that cargo needs as export lines.
set -eu

dir=$(mkdir -p "$1" && cd "$1" && pwd)
root=$dir/root

# depends PACKAGE PATTERN: the first dependency of PACKAGE whose name matches.
depends() { apt-cache depends "$1" | sed -n "s/.*Depends: \($2\)\$/\1/p" | head -n 1; }

unpack() {
  command -v apt-get >/dev/null && command -v dpkg >/dev/null || {
    echo "wasm-toolchain: this way needs apt. Elsewhere: rustup target add wasm32-unknown-unknown" >&2
    exit 1
  }
  std=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
  if [ -z "$std" ]; then
    apt-get update -qq >&2
    std=$(depends libstd-rust-web-dev 'libstd-rust-web-[0-9.]*')
  fi
  llvm=$(depends "$std" 'libllvm[0-9]*')
  rm -rf "$dir/debs" "$root.part"
  mkdir -p "$dir/debs" "$root.part"
  echo "Fetching Debian's rustc for the wasm target (300 MB, into $dir)" >&2
  (cd "$dir/debs" && apt-get download -q rustc-web rust-web-src libstd-rust-web-dev "$std" "$llvm" "lld-${llvm#libllvm}" >&2)
  for deb in "$dir"/debs/*.deb; do dpkg -x "$deb" "$root.part"; done
  rm -r "$dir/debs"
  mv "$root.part" "$root"
}

# wrap NAME PROGRAM: a launcher that finds the unpacked libraries.
wrap() {
  printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$(echo "$root"/usr/lib/*-linux-gnu)" "$2" >"$dir/$1"
  chmod +x "$dir/$1"
}

[ -x "$root/usr/bin/rustc" ] || unpack
wrap rustc "$root/usr/bin/rustc"
wrap lld "$(ls "$root"/usr/bin/lld-[0-9]* | sort -V | tail -n 1)"
cat <<END
export RUSTC=$dir/rustc
export RUSTC_BOOTSTRAP=1
export CARGO_UNSTABLE_BUILD_STD=std,panic_abort
export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=$dir/lld
END
