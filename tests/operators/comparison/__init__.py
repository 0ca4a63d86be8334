# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every operator of the library beside its counterpart in PyTorch, on random arguments.

names      what an operator is called here and there
draw       random shapes, numbers, tensors
rules      the integer rules of the numerics, in NumPy
trial      one call: its arguments, and what to hold the result against
judge      whether two results agree
table      what came out, row by row
families/  which arguments each operator gets, a family a module
"""
