#!/usr/bin/env bash
# The whole life of a model, end to end, small: rows, cleaning, staging, training, export, publishing.
#
#   scripts/lifecycle.sh                        a few minutes on one core, with rows made here
#   scripts/lifecycle.sh --data DIR             with the public sets in DIR as well
#   scripts/lifecycle.sh --most 8000 --budget 25m --data DIR     as the default models were made
#
# Writes everything under --home (default var/lifecycle). Running it again goes on where it ended.
set -euo pipefail
cd "$(dirname "$0")/.."
PATH="$PWD/.venv/bin:$PATH"

home=var/lifecycle most=600 length=(--steps 40) data=()
tasks=(toxicity injection grounding answer)
while (($#)); do
  case $1 in
    --home) home=$2 ;;
    --most) most=$2 ;;
    --steps) length=(--steps "$2") ;;
    --budget) length=(--budget "$2") ;;
    --data) data=(--data "$2") ;;
    *) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2 && exit 2 ;;
  esac
  shift 2
done
mkdir -p "$home"
home=$(cd "$home" && pwd)
storage="file://$home/storage"

step() { printf '\n── %s\n' "$*"; }
run() { python -m "scripts.$1" "${@:2}"; }

for task in "${tasks[@]}"; do
  step "$task: import and look"
  run collect "$task" "${data[@]}" --most "$most" --out "$home/rows/$task.jsonl"
  run review "$home/rows/$task.jsonl" --out "$home/review/$task"
  step "$task: clean and stage"
  run clean "$home/rows/$task.jsonl" --out "$home/clean/$task.jsonl"
  run stage "$home/clean/$task.jsonl" --task "$task" --out "$home/staged"
done

step "choose the word pieces"
run vocabulary "${tasks[@]/#/$home/staged/}" --docs README.md docs --out "$home/vocabulary.json"

step "get the encoder, by way of a storage"
run publish push encoder@1 --models models --to "$storage"
[[ -d $home/models/encoder/1 ]] || run publish pull encoder@1 --models "$home/models" --from "$storage"

for task in "${tasks[@]}"; do
  step "$task: train"
  run train "$home/staged/$task" --vocabulary "$home/vocabulary.json" --run "$home/runs/$task" \
    "${length[@]}" --resume
  step "$task: export, compare, measure"
  run export "$home/runs/$task" --staged "$home/staged/$task" --models "$home/models" --rows "$most"
  step "$task: publish"
  run publish push "$task" --models "$home/models" --to "$storage"
done

step "verify all bundles as the server does"
PENSTOCK_MODELS_DIR="$home/models" penstock models verify
