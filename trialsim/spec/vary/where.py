"""Conditions on the cells of a sweep: `n_max >= 2 * n_gate`, read and computed by simpleeval, never by `eval`.

A condition is short and made of names, numbers, quoted words, arithmetic without powers, comparisons, `in` a list,
`and`, `or`, `not`, and four functions. Nothing else is looked at, so no condition can take long or reach anything.
"""

from __future__ import annotations

import ast
import contextlib
import operator
import warnings
from typing import TYPE_CHECKING, Any

from trialsim.errors import nearest
from trialsim.spec.fields import parse_rate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from trialsim.spec.vary.axis import Scalar
    from trialsim.spec.vary.points import Point

MAX_LENGTH = 300
MAX_NODES = 100
MAX_DEPTH = 20
MAX_DIGITS = 15
MAX_REMEMBERED = 50_000
"""Answers that a condition keeps."""

_PARTS = (
    "accepted: names of axes, numbers, quoted words, + - * / // %, < <= == != >= >, in [...], and, or, not, "
    "min, max, abs, round"
)
_NO_CONDITION = "joins with and, or, not what is neither true nor false"
_NAMED = {"true": True, "false": False}


class Condition:
    """A condition on the points of a cell.

    Parameters
    ----------
    text
        As the user wrote it.
    names
        The number of the axis that each name stands for.
    path
        Where it is written.

    Raises
    ------
    ValueError
        "path | problem", if the text is no condition, or uses a name that no axis has.
    """

    def __init__(self, text: str, names: Mapping[str, int], path: str = "where") -> None:
        self.text, self.path = text, path
        try:
            self._tree = _tree(text)
            used = _names_used(text, self._tree, names)
        except ValueError as error:
            raise ValueError(f"{path} | {error}") from None
        self.axes = tuple(sorted(names[name] for name in used))
        """Numbers of the axes that it names, in order."""
        self._names = sorted(used, key=lambda name: names[name])
        self._evaluator = _evaluator()
        self._answers: dict[tuple[Scalar, ...], bool] = {}

    def holds(self, row: Sequence[Point]) -> bool:
        """Return whether a cell with these points, one per axis, is kept.

        Raises
        ------
        ValueError
            "path | problem", if it cannot be said of this cell.
        """
        levels = tuple(row[axis].level for axis in self.axes)
        if (known := self._answers.get(levels)) is not None:
            return known
        answer = self._answer(levels)
        if len(self._answers) < MAX_REMEMBERED:
            self._answers[levels] = answer
        return answer

    def _answer(self, levels: tuple[Scalar, ...]) -> bool:
        self._evaluator.names = {**dict(zip(self._names, map(_operand, levels), strict=True)), **_NAMED}
        try:
            found = self._evaluator.eval(self.text, previously_parsed=self._tree)
        except ZeroDivisionError:
            problem = "divides by zero"
        except (ArithmeticError, ValueError):
            problem = "cannot be computed"
        except TypeError as error:
            problem = str(error)
        else:
            if isinstance(found, bool):
                return found
            problem = f"is neither true nor false but {found}"
        at = ", ".join(f"{name} = {level}" for name, level in zip(self._names, levels, strict=True))
        raise ValueError(f"{self.path} | {_shown(self.text)} {problem} where {at}")


def _operand(level: Scalar) -> Scalar:
    """Return what a level counts as: 36/73 is a number."""
    if isinstance(level, str) and "/" in level:
        with contextlib.suppress(ValueError):
            return parse_rate(level)
    return level


def _tree(text: str) -> ast.Expr:
    """Return the tree of a condition that holds nothing but what is accepted."""
    if len(text) > MAX_LENGTH:
        raise ValueError(f"the condition has {len(text)} characters; accepted: at most {MAX_LENGTH}")
    import simpleeval  # type: ignore[import-untyped]  # only where there are conditions

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            tree = simpleeval.SimpleEval.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError, Warning, simpleeval.InvalidExpression):
        raise ValueError(f"{_shown(text)} cannot be read as a condition; {_PARTS}") from None
    if isinstance(tree, ast.Assign):
        raise ValueError(f"{_shown(text)} sets a name; write == to compare")
    if not isinstance(tree, ast.Expr):
        raise ValueError(f"{_shown(text)} cannot be read as a condition; {_PARTS}")
    _check_size(text, tree)
    for node in ast.walk(tree.value):
        if not _is_accepted(node):
            raise ValueError(f"{_shown(text)} holds something that no condition may; {_PARTS}")
    return tree


def _check_size(text: str, tree: ast.Expr) -> None:
    n_nodes, level, depth = 0, [tree.value], 0
    while level:
        n_nodes, depth = n_nodes + len(level), depth + 1
        level = [child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)]
    if n_nodes > MAX_NODES or depth > MAX_DEPTH:
        raise ValueError(f"{_shown(text)} is too long or too deep; write several conditions, each in its own line")


def _is_accepted(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in FUNCTIONS and bool(node.args) and not node.keywords
    if isinstance(node, ast.Constant):
        return isinstance(node.value, bool | int | float | str)
    if isinstance(node, ast.Compare):
        return all(
            isinstance(other, ast.List | ast.Tuple) == isinstance(comparison, ast.In | ast.NotIn)
            for comparison, other in zip(node.ops, node.comparators, strict=True)
        )
    return type(node) in _ACCEPTED


def _names_used(text: str, tree: ast.Expr, names: Mapping[str, int]) -> set[str]:
    """Return the names of axes in a condition."""
    functions = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in functions} - set(_NAMED)
    for name in sorted(used - set(names)):
        remedy = nearest(name, names) if names else "give an axis a name with as"
        raise ValueError(f'{_shown(text)} uses the name "{name}", which no axis has; {remedy}')
    if not used:
        raise ValueError(f"{_shown(text)} is the same in every cell; a condition names an axis")
    return used


def _evaluator() -> Any:
    """Return an evaluator that knows the accepted parts only."""
    import simpleeval

    evaluator = simpleeval.SimpleEval(operators=_OPERATORS, functions=FUNCTIONS)
    known = (ast.Expr, ast.Constant, ast.Name, ast.UnaryOp, ast.BinOp, ast.Compare, ast.Call)
    evaluator.nodes = {kind: evaluator.nodes[kind] for kind in known}
    evaluator.nodes[ast.List] = evaluator.nodes[ast.Tuple] = lambda node: [evaluator._eval(item) for item in node.elts]
    evaluator.nodes[ast.BoolOp] = lambda node: _joined(node, evaluator._eval)
    return evaluator


def _joined(node: ast.BoolOp, value_of: Callable[[ast.expr], Any]) -> bool:
    """Return what `and` and `or` make of conditions; 3 is none."""
    ends = isinstance(node.op, ast.Or)
    for part in node.values:
        found = value_of(part)
        if not isinstance(found, bool):
            raise TypeError(_NO_CONDITION)
        if found is ends:
            return ends
    return not ends


def _not(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(_NO_CONDITION)
    return not value


def _of_numbers(function: Callable[..., Any]) -> Callable[..., Any]:
    def computed(*numbers: Any) -> Any:
        if not all(isinstance(number, int | float) for number in numbers):
            raise TypeError("computes with what is no number")
        try:
            return function(*numbers)
        except TypeError:
            raise TypeError("gives a function too many numbers or too few") from None

    return computed


def _in_order(function: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(one: Any, other: Any) -> bool:
        for kind in (int | float, str):
            if isinstance(one, kind) and isinstance(other, kind):
                return function(one, other)
        raise TypeError("compares a number with a word")

    return compared


def _rounded(number: float, digits: int = 0) -> float:
    if not isinstance(digits, int) or abs(digits) > MAX_DIGITS:
        raise ValueError
    return round(number, digits)


_ARITHMETIC: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    **{kind: _of_numbers(function) for kind, function in _ARITHMETIC.items()},
    ast.Not: _not,
    ast.Lt: _in_order(operator.lt),
    ast.LtE: _in_order(operator.le),
    ast.Gt: _in_order(operator.gt),
    ast.GtE: _in_order(operator.ge),
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.In: lambda item, items: item in items,
    ast.NotIn: lambda item, items: item not in items,
}
FUNCTIONS = {
    "min": _of_numbers(lambda *numbers: min(numbers)),
    "max": _of_numbers(lambda *numbers: max(numbers)),
    "abs": _of_numbers(abs),
    "round": _of_numbers(_rounded),
}
_ACCEPTED = (
    *_OPERATORS,
    *(ast.And, ast.Or, ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Name, ast.Load, ast.List, ast.Tuple),
)


def _shown(text: str) -> str:
    return f'"{text if len(text) <= 80 else text[:79] + "…"}"'
