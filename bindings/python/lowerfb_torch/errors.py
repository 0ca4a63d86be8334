# SPDX-License-Identifier: LGPL-2.1-or-later
"""The exception of this package."""


class ExportError(Exception):
    """Something cannot be written to, or read from, a model or tensor file.

    The message begins with the place: the file, the node and its argument, the module and its
    setting, or the tensor; then says what was found there and what the format can hold.
    """
