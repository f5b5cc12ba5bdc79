#!/bin/bash
# Checks folders of models before they become an image, and writes sha256sums into each, by which a loader finds out whether it got what was built.
# Arguments: folders, below the working directory. Needs bash and sha256sum. Status 64: trying again can't help.
set -euo pipefail
shopt -s globstar dotglob nullglob

fail() { # MESSAGE FIX
  echo "$1. Fix: $2" >&2
  exit 64
}

# What the lines FROM and ADAPTER of a Modelfile name.
named_files() {
  local word rest
  while read -r word rest; do
    case ${word^^} in FROM | ADAPTER) printf '%s\n' "${rest%%[[:space:]]*}" ;; esac
  done <"$1"
}

is_pointer() {
  local line=
  read -r -N 40 line <"$1" 2>/dev/null || true
  [[ $line == 'version https://git-lfs'* ]]
}

for folder in "$@"; do
  [[ -f $folder/Modelfile ]] || fail "$folder: there is no Modelfile" "add it to the repository, or correct builds[].models[].folder"
  while read -r file; do
    [[ $file == ./* && $file != *..* ]] || fail "$folder: its Modelfile names $file" "name a file of the folder, such as ./model.gguf"
    [[ -e $folder/$file ]] || fail "$folder: its Modelfile names $file, which is not there" "add it to the repository"
  done < <(named_files "$folder/Modelfile")
  rm -f -- "$folder/sha256sums"
  sums=
  for path in "$folder"/**/*; do
    [[ -f $path && ! -L $path ]] || continue
    ! is_pointer "$path" || fail "$path is a pointer of Git LFS" "let the Git server send the file itself, or keep the weights in the repository"
    sum=$(sha256sum <"$path")
    sums+="${sum%% *}  ${path#"$folder"/}"$'\n'
  done
  printf '%s' "$sums" >"$folder/sha256sums"
  printf '%s\n%s' "$folder" "$sums"
done
