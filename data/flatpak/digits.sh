#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The command of the Flatpak: the example, with what was installed beside it.
data=$(dirname "$0")/../share/digits
exec gjs -m "$data/digits.js" "$data/digits.reference.safetensors" "$data/digits.test.safetensors"
