"""Dataclasses from plain values: what is wrong in a file is told with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain, to_plain


@dataclass(frozen=True)
class Inner:
    kind: Literal["a", "b"]
    size: int = 3


@dataclass(frozen=True)
class Outer:
    name: str
    rate: float
    inner: Inner
    pair: tuple[int, float]
    many: tuple[Inner, ...] = ()
    table: Mapping[str, int] = field(default_factory=dict)
    by_kind: Mapping[Literal["a", "b"], int] = field(default_factory=dict)
    note: str | None = None
    free: Mapping[str, Any] = field(default_factory=dict)
    version: Literal[1] = 1


def plain(**changes: object) -> dict[str, object]:
    return {"name": "n", "rate": 1.5, "inner": {"kind": "a"}, "pair": [1, 2.5], **changes}


def read(value: object) -> Outer:
    return from_plain(Outer, value, where="file", error=ConfigError)


def test_from_plain_fills_defaults_and_nests() -> None:
    result = read(plain(many=[{"kind": "b", "size": 7}], table={"x": 1}, by_kind={"b": 2}, free={"deep": [1, "two"]}))
    assert result == Outer(
        "n", 1.5, Inner("a", 3), (1, 2.5), (Inner("b", 7),), {"x": 1}, {"b": 2}, None, {"deep": [1, "two"]}
    )


def test_to_plain_is_the_inverse_of_from_plain() -> None:
    result = read(plain(many=[{"kind": "b"}], note="text", table={"x": 1}))
    assert read(to_plain(result)) == result


def test_from_plain_takes_an_int_for_a_float() -> None:
    rate = read(plain(rate=2)).rate
    assert rate == 2.0
    assert type(rate) is float


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "file is list, expected a table"),
        (None, "file is null, expected a table"),
        (plain(nmae="x"), "file has unknown keys: nmae; known are name, rate"),
        ({"name": "n"}, "file lacks inner, pair, rate"),
        (plain(name=5), "file.name is 5 (int), expected str"),
        (plain(name=None), "file.name is None (null), expected str"),
        (plain(rate=True), "file.rate is True (bool), expected float"),
        (plain(rate="1.5"), "file.rate is '1.5' (str), expected float"),
        (plain(rate=float("nan")), "file.rate is not finite"),
        (plain(rate=float("-inf")), "file.rate is not finite"),
        (plain(rate=10**400), "file.rate is not finite"),
        (plain(inner={"kind": "c"}), "file.inner.kind is 'c', expected one of 'a', 'b'"),
        (plain(inner={"kind": []}), "file.inner.kind is [], expected one of 'a', 'b'"),
        (plain(version=1.0), "file.version is 1.0, expected one of 1"),
        (plain(version=True), "file.version is True, expected one of 1"),
        (plain(inner={"kind": "a", "size": 2.0}), "file.inner.size is 2.0 (float), expected int"),
        (plain(inner={"kind": "a", "size": True}), "file.inner.size is True (bool), expected int"),
        (plain(inner={}), "file.inner lacks kind"),
        (plain(pair=[1]), "file.pair has 1 items, expected 2"),
        (plain(pair=[1, 2, 3]), "file.pair has 3 items, expected 2"),
        (plain(pair="12"), "file.pair is str, expected a list"),
        (plain(many=[{"kind": "a"}, {"kind": 1}]), "file.many[1].kind is 1, expected one of"),
        (plain(table=[["x", 1]]), "file.table is list, expected a table"),
        (plain(table={"x": "1"}), "file.table.x is '1' (str), expected int"),
        (plain(by_kind={"c": 1}), "key 'c' of file.by_kind is 'c', expected one of 'a', 'b'"),
        (plain(note=3), "file.note is 3 (int), expected str"),
    ],
)
def test_from_plain_tells_place_and_cause(value: object, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(value)
    assert message in str(caught.value)
