#!/usr/bin/env bash
# Every check that needs an NVIDIA GPU, in one go; prints a table and JSON, in under eight minutes.
#
#     scripts/bench_gpu.sh prepare           # where 'penstock[cpu,train,exporters]' is installed
#     scripts/bench_gpu.sh [--json FILE]     # where 'penstock[gpu,test]' is; take var/bench along
#
# Without network: WHEELS=FOLDER holds the wheels to install from (python3.12, CUDA 13). A wheel that
# was too large to bring may lie there in parts, NAME.whl.part-00 and so on: `split -b 50M -d`.
# A torch with transformers that the machine has is measured beside ours.
#
# Ends with 0 when all is well, 1 when a check failed, 3 where there is no GPU, 124 when it took too
# long.
set -euo pipefail
cd "$(dirname "$0")/.."

join() {
    local first whole
    for first in "$WHEELS"/*.whl.part-00; do
        [ -e "$first" ] || continue
        whole=${first%.part-00}
        [ -e "$whole" ] || cat "$whole".part-* >"$whole"
    done
}

install() {
    join
    [ -x .venv/bin/python ] || "${PYTHON:-python3.12}" -m venv --system-site-packages .venv
    local needed
    mapfile -t needed < <(.venv/bin/python -c 'import tomllib
for one in tomllib.load(open("pyproject.toml", "rb"))["project"]["dependencies"]:
    print(one)')
    .venv/bin/python -m pip install --quiet --no-index --find-links "$WHEELS" \
        "${needed[@]}" onnxruntime-gpu onnx
}

if [ -n "${WHEELS:-}" ]; then
    install
fi
exec timeout 480 .venv/bin/python -m scripts.benchmarks.gpu "$@"
