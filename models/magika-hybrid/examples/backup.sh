#!/bin/sh
# Keeps the last seven archives of a folder.
set -eu
source=${1:?folder}
target=${2:?archive folder}
mkdir -p "$target"
tar -czf "$target/$(date +%Y-%m-%d).tar.gz" -C "$source" .
ls -1 "$target" | sort -r | tail -n +8 | while read -r old; do
    rm -- "$target/$old"
done
