# SPDX-License-Identifier: LGPL-2.1-or-later

from typing import Any, Callable

class Object:
    def connect(self, signal: str, handler: Callable[..., Any], *data: Any) -> int: ...

class GBoxed: ...

class GEnum(int): ...
