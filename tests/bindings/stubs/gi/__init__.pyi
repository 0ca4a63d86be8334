# SPDX-License-Identifier: LGPL-2.1-or-later
# What the checked programs use of PyGObject; whoever has PyGObject-stubs has better.

def require_version(namespace: str, version: str) -> None: ...
