"""Strings on which a regular expression may backtrack for ever, and the time that each one takes.

As a program it attacks every pattern of piooy_cli and prints those that are slow.
"""

import ast
import importlib
import inspect
import pkgutil
import re
import signal
import sys
import time
from collections.abc import Iterator
from itertools import groupby, product
from re import _constants as op
from re import _parser

import piooy_cli

METHODS = ("match", "fullmatch", "search", "sub", "split", "finditer", "findall")
FIXED = [
    " ", ",", '"', "'", "<!---->", "a", "aA0", "0", "\\", "[", "{", "(", "http://", "\n", "\t", "\r\n", ".", "-", "/", "=", ":",
    "@", "&amp;", "a.", "a,", " ,", "\u00e9", "\u0301", "{}", "[],", "0.", "_",
]  # fmt: skip
SOME = "a0A ,.-/:;=_@'\"<>()[]{}\\\n\t\u00e9\u0301\0\x80"
FOREVER = 0.4  # seconds of the processor
SHORT, LONG = 4_000, (4_000, 8_000, 16_000)
_REPEATS = (op.MAX_REPEAT, op.MIN_REPEAT, op.POSSESSIVE_REPEAT)


def package_patterns() -> Iterator[tuple[str, re.Pattern, tuple[str, ...]]]:
    """Every compiled pattern of the package, its name, and how it is used."""
    modules = [
        importlib.import_module(one.name)
        for one in pkgutil.walk_packages(piooy_cli.__path__, "piooy_cli.")
        if not one.name.endswith("__main__")
    ]
    sources = {module.__name__: inspect.getsource(module) for module in modules}
    whole = "\n".join(sources.values())
    seen = set()
    for module in modules:
        for name, value in [*vars(module).items(), *_attributes(module)]:
            for pattern in _patterns_in(value, 0):
                if (pattern, name) not in seen:
                    seen.add((pattern, name))
                    source = sources[module.__name__] if name.startswith("_") else whole
                    yield f"{module.__name__}.{name}", pattern, _methods(name, source)
    from piooy_cli.config.settings import _beginning

    yield "piooy_cli.config.settings._beginning", _beginning("key"), ("match",)


def _attributes(module):
    for kind in vars(module).values():
        if isinstance(kind, type) and kind.__module__ == module.__name__:
            yield from vars(kind).items()


def _patterns_in(value, depth):
    if isinstance(value, re.Pattern):
        yield value
    elif depth < 4 and isinstance(value, dict):
        yield from (p for inner in value.values() for p in _patterns_in(inner, depth + 1))
    elif depth < 4 and isinstance(value, list | tuple | set | frozenset):
        yield from (p for inner in value for p in _patterns_in(inner, depth + 1))


def _methods(name, source):
    """The methods that the source calls on a name; all of them where it calls none."""
    used = tuple(sorted(set(re.findall(rf"\b{name}\.({'|'.join(METHODS)})\b", source))))
    return used or METHODS[:4]


def attacks(pattern: re.Pattern) -> Iterator[tuple]:
    """Beginnings, units to repeat, and ends, of the pattern's own parts and of what is usual."""
    tree = _parser.parse(pattern.pattern, pattern.flags & ~re.DEBUG)
    parts = [_sample(item) for item in tree]
    runs = ["".join(parts), "".join(parts[:-1]), *_literal_runs(tree)]
    units = dict.fromkeys(filter(None, [*FIXED, *runs, *_units(tree)]))
    begins = dict.fromkeys(["", *("".join(parts[: n + 1]) for n in range(len(parts)))])
    ends = dict.fromkeys(["", "\0", "x", "@", "".join(parts)])
    yield from product(begins, units, ends)


def _literal_runs(tree) -> Iterator[str]:
    for is_literal, items in groupby(tree, key=lambda item: item[0] is op.LITERAL):
        if is_literal:
            yield "".join(map(_sample, items))


def _units(tree) -> Iterator[str]:
    """Samples of every part of a pattern that stands in a group, a choice or a repetition."""
    for code, value in tree:
        if code is not op.LITERAL:
            yield _sample((code, value))
        if code in _REPEATS:
            yield from _units(value[2])
        elif code is op.SUBPATTERN:
            yield "".join(map(_sample, value[3]))
            yield from _units(value[3])
        elif code is op.BRANCH:
            for choice in value[1]:
                yield "".join(map(_sample, choice))
                yield from _units(choice)
        elif code is op.ATOMIC_GROUP:
            yield from _units(value)
        elif code in (op.ASSERT, op.ASSERT_NOT):
            yield "".join(map(_sample, value[1]))
        elif code is op.IN:
            yield from [c for c in SOME if _accepts(value, c)][:4]


def _sample(item) -> str:
    """A short text that one item of a pattern matches."""
    code, value = item
    if code is op.LITERAL:
        return chr(value)
    if code is op.NOT_LITERAL:
        return next(c for c in SOME if ord(c) != value)
    if code is op.ANY:
        return "a"
    if code is op.IN:
        return next((c for c in SOME if _accepts(value, c)), chr(_first(value)))
    if code is op.BRANCH:
        return "".join(map(_sample, value[1][0]))
    if code in _REPEATS:
        return "".join(map(_sample, value[2])) * max(value[0], 1)
    if code is op.SUBPATTERN:
        return "".join(map(_sample, value[3]))
    return "".join(map(_sample, value)) if code is op.ATOMIC_GROUP else ""


def _accepts(members, c: str) -> bool:
    negated = members[0][0] is op.NEGATE
    return negated != any(_is(member, c) for member in members)


def _is(member, c):
    code, value = member
    if code is op.LITERAL:
        return ord(c) == value
    if code is op.RANGE:
        return value[0] <= ord(c) <= value[1]
    classes = {
        op.CATEGORY_DIGIT: r"\d", op.CATEGORY_NOT_DIGIT: r"\D", op.CATEGORY_SPACE: r"\s", op.CATEGORY_NOT_SPACE: r"\S",
        op.CATEGORY_WORD: r"\w", op.CATEGORY_NOT_WORD: r"\W",
    }  # fmt: skip
    return code is op.CATEGORY and re.match(classes[value], c) is not None


def _first(members):
    code, value = members[0]
    return value if code is op.LITERAL else value[0] if code is op.RANGE else 97


class _TooLong(Exception):
    pass


def seconds(pattern: re.Pattern, method: str, parts: tuple, size: int) -> float:
    """The processor time of one use; FOREVER of them at most."""
    begin, unit, end = parts
    text = begin + unit * (size // len(unit)) + end
    subject = text if isinstance(pattern.pattern, str) else text.encode("latin-1", "replace")
    arguments = (subject[:0], subject) if method == "sub" else (subject,)
    signal.setitimer(signal.ITIMER_PROF, FOREVER)
    begun = time.process_time()
    try:
        result = getattr(pattern, method)(*arguments)
        if method == "finditer":
            for _ in result:
                pass
        took = time.process_time() - begun
    except _TooLong:
        took = FOREVER
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return took


def is_slow(pattern: re.Pattern, method: str, parts: tuple) -> bool:
    """Whether the time more than triples when the text gets twice as long, beyond 20 ms."""
    for size, enough in ((64, 0.02), (SHORT, 0.001), (LONG[-1], 0.02)):
        took = seconds(pattern, method, parts, size)
        if took >= FOREVER or (took < enough and size > 64):
            return took >= FOREVER
    times = [min(seconds(pattern, method, parts, size) for _ in range(2)) for size in LONG]
    return times[2] >= FOREVER or times[2] > 3 * times[1] or times[1] > 3 * times[0]


def slowest(pattern: re.Pattern, methods: tuple[str, ...]) -> str:
    """The first attack that succeeds, in words; empty if there is none."""
    for parts in attacks(pattern):
        for method in methods:
            if is_slow(pattern, method, parts):
                return f"{method}: {parts[0]!r} + {parts[1]!r} * n + {parts[2]!r}"
    return ""


def _raise(*_):
    raise _TooLong


def main(patterns) -> None:
    """Print each slow pattern."""
    signal.signal(signal.SIGPROF, _raise)
    for name, pattern, methods in patterns:
        print(f"{name} ", end="", flush=True)  # what is on the line when it never ends
        print(slowest(pattern, methods), flush=True)


if __name__ == "__main__":
    given = [
        (text, re.compile(ast.literal_eval(text), re.DOTALL | re.IGNORECASE), METHODS[:4])
        for text in sys.argv[1:]
    ]
    main(given or package_patterns())
