# SPDX-License-Identifier: LGPL-2.1-or-later
"""Graphs that write in place, run by PyTorch and by the library; see ../compare_in_place.py."""
