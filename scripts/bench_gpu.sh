#!/usr/bin/env bash
# Every check that needs an NVIDIA GPU, in one go; prints a table.
#
#     scripts/bench_gpu.sh prepare    # where 'penstock[cpu,train,exporters]' is installed
#     scripts/bench_gpu.sh            # where 'penstock[gpu,test]' is; take var/bench along
#
# Ends with 0 when all is well, 1 when a check failed, 3 where there is no GPU.
set -euo pipefail
cd "$(dirname "$0")/.."
exec .venv/bin/python -m scripts.benchmarks.gpu "$@"
