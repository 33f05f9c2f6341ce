#!/bin/sh
# Builds the edge daemon for CPUs old and new, and packs it as one archive: the program, llama.cpp's libraries, and its kernels
# for each generation of CPUs, of which the best that runs is loaded at the start. Linux; a quarter of an hour on four cores.
#
#   scripts/edge-release.sh                CPUs alone
#   scripts/edge-release.sh vulkan         and GPUs of any maker, where their driver is (docs/edge/builds.md has what it needs)
#   scripts/edge-release.sh cuda           and NVIDIA's
#
# The archive lies in the folder named by HEARTH_EDGE_RELEASE, or else in dist/.
set -eu

here=$(cd "$(dirname "$0")/.." && pwd)
cache=${HEARTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hearth}
into=${HEARTH_EDGE_RELEASE:-$here/dist}
mkdir -p "$into"
into=$(cd "$into" && pwd)

say() { echo "edge-release: $*" >&2; }
fail() { say "$*"; exit 1; }

[ "$(uname -s)" = Linux ] || fail "archives are made on Linux; on a Mac the build without features is for its GPU and CPU as it is"
features=hearth-edge/dynamic-backends
name=hearth-edge-linux-$(uname -m)
for gpu in "$@"; do
    case $gpu in
        vulkan | cuda) features=$features,hearth-edge/$gpu name=$name-$gpu ;;
        *) fail "there is no build for $gpu: vulkan and cuda there are" ;;
    esac
done

# A folder for each kind of build: llama-cpp-sys-2 links its libraries into the target folder and stumbles over its own links.
# Without flags the program itself runs on any CPU; .cargo/config.toml would build it for this one.
say "building with $features"
messages=$(mktemp)
trap 'rm -f "$messages"' EXIT
cd "$here"
RUSTFLAGS='' cargo build --release --workspace --bin hearth-edge --features "$features" \
    --target-dir "$cache/edge-release/$name" --message-format json-render-diagnostics >"$messages"
built=$(sed -n 's/.*"build-script-executed","package_id":"[^"]*llama-cpp-sys-2[^"]*".*"out_dir":"\([^"]*\)".*/\1/p' "$messages" | tail -n 1)
program=$(sed -n 's/.*"executable":"\([^"]*\/hearth-edge\)".*/\1/p' "$messages" | tail -n 1)
[ -d "$built/backends" ] || fail "cargo did not say where llama.cpp's kernels are"
libraries=$built/lib
[ -d "$libraries" ] || libraries=$built/lib64

folder=$into/$name
rm -rf "$folder"
mkdir -p "$folder"
cp "$program" "$folder/"
for library in libggml-base libggml libllama; do
    # By the name that the program asks for, which has the major version.
    for found in "$libraries/$library".so.[0-9]*; do
        [ -e "$found" ] || fail "$library is not in $libraries"
        case ${found##*.so.} in
            *.*) ;;
            *) cp -L "$found" "$folder/" ;;
        esac
    done
done
cp "$built"/backends/*.so "$folder/"
cp LICENSE edge-daemon/README.md "$folder/"

# What the program itself needs has to be there. A GPU's kernels may lack their driver here, and are left alone then.
if ldd "$folder/hearth-edge" | grep 'not found' >&2; then fail "these libraries are missing from the archive"; fi
"$folder/hearth-edge" --version >&2 || fail "the program does not start"
tar -C "$into" -czf "$into/$name.tar.gz" "$name"
say "$into/$name.tar.gz, $(du -h "$into/$name.tar.gz" | cut -f1)"
