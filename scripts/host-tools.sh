#!/bin/sh
# What runs the functions on this machine as their hosts do, each fetched once into DIR: worker-build and wasm-bindgen (to
# build the Worker), Node 22 with wrangler (workerd), and cargo-lambda (Lambda's runtime).
# Usage: host-tools.sh DIR   prints the environment that the other scripts need as export lines.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
dir=$(mkdir -p "$1" && cd "$1" && pwd)
say() { echo "$*" >&2; }

# As the tests' other tools: what runs for a second needs no optimiser that runs for minutes.
export CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 CARGO_PROFILE_RELEASE_DEBUG=none

# install PROGRAM CRATE VERSION: wasm-bindgen has to be the version of the crate that the Worker is built with.
install() {
  [ "$(cat "$dir/.$1" 2>/dev/null)" = "$3" ] && return 0
  say "Installing $1 $3 into $dir"
  CARGO_TARGET_DIR=$dir/build cargo install --quiet --root "$dir" "$2@$3" >&2
  echo "$3" >"$dir/.$1"
  rm -rf "$dir/build"
}

wasm_bindgen=$(sed -n '/^name = "wasm-bindgen"$/{n;s/version = "\(.*\)"/\1/p;}' "$here/Cargo.lock")
install wasm-bindgen wasm-bindgen-cli "$wasm_bindgen"
install worker-build worker-build 0.8.7

# wrangler wants Node 22; npm carries its binary for machines with an older one.
node=$(command -v node)
if [ "$(node --version | sed 's/v\([0-9]*\).*/\1/')" -lt 22 ]; then
  case $(uname -m) in x86_64) kind=linux-x64 ;; *) kind=linux-arm64 ;; esac
  node=$dir/node22/node_modules/node-$kind/bin/node
  [ -x "$node" ] || { say "Fetching Node 22"; npm install --silent --no-audit --no-fund --no-save --prefix "$dir/node22" "node-$kind@22" >&2; }
fi

# The packages of the lock file, kept beside it so that a second clone finds them.
packages=$dir/hosts
if ! cmp -s "$here/tests/hosts/package-lock.json" "$packages/fetched"; then
  say "Fetching wrangler and its runtime"
  rm -rf "$packages"
  mkdir -p "$packages"
  cp "$here/tests/hosts/package.json" "$here/tests/hosts/.npmrc" "$packages/"
  # Not `npm ci`: it wants every platform's build of the runtime in the lock file, and not every mirror has them all.
  cp "$here/tests/hosts/package-lock.json" "$packages/lock"
  (cd "$packages" && cp lock package-lock.json && PATH=$(dirname "$node"):$PATH npm install --silent --no-save >&2)
  mv "$packages/lock" "$packages/fetched"
fi

lambda=$dir/lambda/bin/cargo-lambda
if [ ! -x "$lambda" ]; then
  say "Fetching cargo-lambda"
  # Into a folder: Debian's Python has no venv without a further package, and lets nothing be installed for all.
  python3 -m pip install --quiet --disable-pip-version-check --target "$dir/lambda" cargo-lambda==1.9.2 >&2
fi

cat <<END
export HEARTH_NODE=$node
export HEARTH_HOST_PACKAGES=$packages/node_modules
export HEARTH_CARGO_LAMBDA=$lambda
export WASM_BINDGEN_BIN=$dir/bin/wasm-bindgen
export WORKER_BUILD=$dir/bin/worker-build
END
