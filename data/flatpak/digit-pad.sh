#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command of the Flatpak: the example, with the model that was installed beside it.
data=$(dirname "$0")/../share/digit-pad
exec gjs -m "$data/digit-pad.js" --model "$data/digits.reference.safetensors" "$@"
