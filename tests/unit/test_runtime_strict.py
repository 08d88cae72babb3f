"""Dataclasses from plain values: what is wrong in a file is told with its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import check_plain, from_plain, to_plain
from sdst_runtime.suggestions import closest


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
        (plain(nmae="x"), "file has an unknown key 'nmae'; did you mean 'name'?"),
        (plain(zzz=1), "file has an unknown key 'zzz'; known are name, rate"),
        (plain(nmae=1, zzz=2), "file has unknown keys: 'nmae' (did you mean 'name'?), 'zzz'; known are name, rate"),
        (plain(inner={"kind": "a", "sizes": 1}), "file.inner has an unknown key 'sizes'; did you mean 'size'?"),
        (plain(size=3), "file has an unknown key 'size'; did you mean 'inner.size'?"),
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


def test_from_plain_puts_a_files_name_in_front_of_the_keys() -> None:
    with pytest.raises(ConfigError, match=r"^recipe a\.toml: inner\.size is 'x' \(str\), expected int$"):
        from_plain(Outer, plain(inner={"kind": "a", "size": "x"}), where="recipe a.toml: ", error=ConfigError)
    with pytest.raises(ConfigError, match=r"^recipe a\.toml lacks inner, pair, rate$"):
        from_plain(Outer, {"name": "n"}, where="recipe a.toml: ", error=ConfigError)


def test_check_plain_lets_keys_be_missing_and_nothing_else() -> None:
    check_plain(Outer, {"inner": {"size": 2}, "many": [{}, {"kind": "b"}]}, where="file", error=ConfigError)
    with pytest.raises(ConfigError, match=r"file\.many\[1\]\.kind is 1, expected one of"):
        check_plain(Outer, {"many": [{}, {"kind": 1}]}, where="file", error=ConfigError)
    with pytest.raises(ConfigError, match=r"file\.inner has an unknown key 'knd'; did you mean 'kind'\?"):
        check_plain(Outer, {"inner": {"knd": "a"}}, where="file", error=ConfigError)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("learning_rate", "lr"),
        ("stpes", "steps"),
        ("batch-size", "batch_size"),
        ("Seconds", "seconds"),
        ("epochs", None),
        ("p", None),
        ("", None),
    ],
)
def test_closest_finds_what_was_meant(name: str, meant: str | None) -> None:
    assert closest(name, ["steps", "seconds", "batch_size", "lr"]) == meant
