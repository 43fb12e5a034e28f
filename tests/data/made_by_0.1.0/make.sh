#!/bin/bash
# Made what lies beside this file, in a checkout of 95e9942 (version 0.1.0): cd CHECKOUT && bash .../make.sh FOLDER
set -eu
folder=$1
export CHARLAB_RUNS=$folder/runs CHARLAB_CACHE=$folder/cache TF_CPP_MIN_LOG_LEVEL=3
mkdir -p "$CHARLAB_RUNS"
charlab() { python -m charlab "$@"; }
tiny="--set layers=1 --set batch_size=8 --set sequence_length=8"

# Four that ended. The GRU and the n-gram model stay as runs; the networks become bundles.
charlab train --corpus additions --preset custom --epochs 2 --name "Tiny GRU" $tiny \
    --set units=8 --set embedding=4 --set steps_per_epoch=10
charlab train --corpus additions --preset mini-gpt --epochs 2 --name "Tiny Transformer" $tiny \
    --set units=4 --set heads=2 --set context=8 --set steps_per_epoch=10
charlab train --corpus markov --preset cloud-tpu-lstm --epochs 1 --name "Tiny LSTM" $tiny \
    --set units=2 --set embedding=1 --set steps_per_epoch=10
charlab train --corpus coin-flips --preset ngram --name "Tiny n-gram"
for name in tiny-gru tiny-transformer tiny-lstm; do
    charlab export "$(basename "$CHARLAB_RUNS"/*-$name)" --format bundle --to "$folder/$name.charlab.zip"
done
rm -r "$CHARLAB_RUNS"/*-tiny-transformer "$CHARLAB_RUNS"/*-tiny-lstm

# Two that were paused after their first epoch, while they trained.
train_and_pause() {
    charlab train --corpus reber --epochs 10 $tiny --set steps_per_epoch=40 "${@:2}" &
    until grep -qs '"event": "epoch", "epoch": 1' "$CHARLAB_RUNS"/*-"$1"/metrics.jsonl; do sleep 0.02; done
    sleep 0.03
    echo '{"request": "pause", "time": 0}' >"$(echo "$CHARLAB_RUNS"/*-"$1")/control.json"  # `charlab pause`, but at once
    wait
}
train_and_pause paused-gru --preset quick-gru --name "Paused GRU" --set units=8 --set embedding=4
train_and_pause paused-transformer --preset mini-gpt --name "Paused Transformer" \
    --set units=4 --set heads=2 --set context=8

rm -rf "$CHARLAB_RUNS"/*/tensorboard "$CHARLAB_RUNS"/*/lock "$folder/cache"
