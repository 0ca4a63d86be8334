# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which arguments each operator gets: a family of operators a module."""

import importlib
import pkgutil


def load():
    """Every module here registers its operators when it is imported."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module("%s.%s" % (__name__, module.name))
