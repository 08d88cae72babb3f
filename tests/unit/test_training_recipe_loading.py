"""Recipes: what is in the files and on the command line is what is trained with, and nothing else is accepted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sdst_edge.training.recipe import (
    DEMO_RECIPE,
    Recipe,
    TeacherSpec,
    dump,
    find_recipe,
    load_recipe,
    packaged_recipes,
    specialised_for,
)
from sdst_edge.training.recipe.finding import PACKAGED
from sdst_runtime.errors import ConfigError
from sdst_runtime.strict import from_plain

LEAST = """
[model]
family = "sdst-nano-s"
[data]
sources = [{ path = "train" }]
[optimization]
steps = 7
"""


def write(folder: Path, text: str, name: str = "recipe.toml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def least(tmp_path: Path) -> Path:
    return write(tmp_path, LEAST)


def test_load_recipe_takes_defaults_for_what_is_left_out(least: Path) -> None:
    recipe = load_recipe(least)
    assert recipe.optimization.steps == 7
    assert recipe.optimization.lr == 3e-3
    assert recipe.data.sources[0].weight == 1.0
    assert recipe.distillation is None


def test_load_recipe_needs_no_torch(least: Path) -> None:
    code = (
        "import sys; sys.modules['torch'] = None\n"
        "from sdst_edge.training.recipe import load_recipe\n"
        f"print(load_recipe({str(least)!r}).optimization.steps)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "7\n"


def test_dump_says_all_of_a_recipe(least: Path) -> None:
    for recipe in (load_recipe(least), load_recipe(PACKAGED / "student-sdst.toml")):
        assert from_plain(Recipe, json.loads(json.dumps(dump(recipe))), where="recipe", error=ConfigError) == recipe


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("step = 7", "recipe.toml has an unknown key 'step'"),
        ("lr = 1", "recipe.toml has an unknown key 'lr'; did you mean 'optimization.lr'?"),
        ("[optimisation]", "recipe.toml has an unknown key 'optimisation'; did you mean 'optimization'?"),
        ("[optimization]\nlearning_rate = 1", "recipe.toml: optimization has an unknown key 'learning_rate'; did you"),
        ("[optimization]\nlearning_rate = 1", "did you mean 'lr'?"),
        ("[optimization]\nsteps = 7.5", "recipe.toml: optimization.steps is 7.5 (float), expected int"),
        ("[optimization]\nsteps = true", "recipe.toml: optimization.steps is True (bool), expected int"),
        ("[optimization]\nlr = 'high'", "recipe.toml: optimization.lr is 'high' (str), expected float"),
        ("[optimization]\nlr = nan", "recipe.toml: optimization.lr is not finite"),
        ("[optimization]\nlr = 2020-01-01", "recipe.toml: optimization.lr is datetime.date(2020, 1, 1) (date)"),
        ("[optimization]\nschedule = 'cosin'", "optimization.schedule is 'cosin', expected one of 'cosine', 'log'"),
        ("optimization = 3", "recipe.toml: optimization is int, expected a table"),
        ("[data]\nsources = 'train'", "recipe.toml: data.sources is str, expected a list"),
        ("[data]\nsources = ['train']", "recipe.toml: data.sources[0] is str, expected a table"),
        ("[data]\nsources = [{ pth = 'a' }]", "data.sources[0] has an unknown key 'pth'; did you mean 'path'?"),
        ("[[data.sources]]\nrendered = { clip = 3 }", "data.sources[0].rendered has an unknown key 'clip'; did you"),
        ("[model]\noptions = 3", "recipe.toml: model.options is int, expected a table"),
        ("[distillation.specialised]\nFM = 'a.toml'", "distillation.specialised.FM is str, expected a table"),
        ("[distillation.general_parts]\nsft = 1", "distillation.general_parts has an unknown key 'sft'; did you mean"),
        ("seed = ", "recipe.toml is no valid TOML: "),
        ("seed = 1\nseed = 2", "recipe.toml is no valid TOML: "),
        ("extends = 3", "recipe.toml: extends is 3, expected the name of one recipe file"),
        ("extends = ['a.toml']", "recipe.toml: extends is ['a.toml'], expected the name"),
        ("extends = 'no.toml'", "no.toml does not exist (extended by recipe.toml)"),
    ],
)
def test_load_recipe_tells_file_table_and_key(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(write(tmp_path, text))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimization.lr=0.0", "recipe recipe.toml: optimization.lr is 0.0, expected a number in"),
        ("optimization.steps=0", "recipe recipe.toml: neither optimization.steps nor optimization.seconds is set"),
        ("augmentation.flip=2", "recipe recipe.toml: augmentation.flip is 2.0, expected"),
        ("data.sources=[]", "recipe recipe.toml: data has no sources"),
        ("data.sources.0.path=", "a source has both path and rendered, or neither"),
        ('specialise=["FM"]', "recipe recipe.toml: attribute FM is not among data.attributes (empty)"),
        ("data.attribute_share=0.5", "data.attribute_share is set and data.attributes is empty"),
        ("distillation.general=[{}]", "recipe recipe.toml: a teacher has no source"),
        ("evaluation.every=5", "recipe recipe.toml: evaluation lacks path"),
        ("model=", "recipe recipe.toml lacks model"),
    ],
)
def test_load_recipe_tells_the_file_whose_values_do_not_fit(least: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(least, [override])
    assert message in str(caught.value)


@pytest.mark.parametrize("content", [b"\xff\xfe", b'a = "\x00"', b"a = " + b"[" * 5000])
def test_load_recipe_refuses_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "recipe.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"recipe\.toml (cannot be read|is no valid TOML): "):
        load_recipe(path)


def test_extends_merges_tables_and_replaces_lists_and_options(tmp_path: Path) -> None:
    base = '[model]\nfamily = "a"\noptions = { width = 2.0, depth = 1.0 }\n' + LEAST.split('"sdst-nano-s"')[1]
    write(tmp_path, base + "lr = 0.1\nbatch_size = 8\n[loading.cache]\nlimit_gb = 2.0\n", "sub/base.toml")
    path = write(
        tmp_path,
        'extends = "sub/base.toml"\n[model]\noptions = { width = 0.5 }\n[optimization]\nlr = 0.2\n'
        '[[data.sources]]\npath = "other"\n[loading.cache]\nkind = "none"\n',
    )
    recipe = load_recipe(path)
    assert (recipe.model.family, recipe.model.options) == ("a", {"width": 0.5})
    assert (recipe.optimization.lr, recipe.optimization.batch_size, recipe.optimization.steps) == (0.2, 8, 7)
    assert [source.path for source in recipe.data.sources] == ["other"]
    assert (recipe.loading.cache.kind, recipe.loading.cache.limit_gb) == ("none", 2.0)


def test_extends_names_the_file_that_is_wrong(tmp_path: Path) -> None:
    write(tmp_path, LEAST.replace("steps", "setps"), "base.toml")
    with pytest.raises(ConfigError, match=r"^recipe base\.toml: optimization has an unknown key 'setps'"):
        load_recipe(write(tmp_path, 'extends = "base.toml"\n'))


def test_extends_in_a_circle_is_told(tmp_path: Path) -> None:
    write(tmp_path, 'extends = "b.toml"\n', "a.toml")
    write(tmp_path, 'extends = "a.toml"\n', "b.toml")
    with pytest.raises(ConfigError, match=r"recipe a\.toml extends b\.toml extends a\.toml: a circle"):
        load_recipe(tmp_path / "a.toml")
    with pytest.raises(ConfigError, match=r"recipe c\.toml extends c\.toml: a circle"):
        load_recipe(write(tmp_path, 'extends = "c.toml"\n', "c.toml"))


def test_recipes_are_named_from_the_file_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    teacher = write(tmp_path, LEAST, "sub/t.toml")
    base = LEAST + '[distillation]\ngeneral = [{ recipe = "t.toml" }, { checkpoint = "n3.safetensors" }]\n'
    write(tmp_path, base + '[distillation.specialised]\nFM = { recipe = "t.toml" }\n', "sub/base.toml")
    path = write(tmp_path, 'extends = "sub/base.toml"\n[model]\nstart = "sub/t.toml"\n[data]\nattributes = ["FM"]\n')
    monkeypatch.chdir(tmp_path / "sub")
    recipe = load_recipe(path)
    assert recipe.distillation is not None
    assert recipe.distillation.general == (
        TeacherSpec(recipe=str(teacher)),
        TeacherSpec(checkpoint="n3.safetensors"),  # from the current folder, whatever that is
    )
    assert recipe.distillation.specialised == {"FM": TeacherSpec(recipe=str(teacher))}
    assert recipe.model.start == str(teacher)
    assert load_recipe(path, ["model.start=a.safetensors"]).model.start == "a.safetensors"
    with pytest.raises(ConfigError, match=r"u\.toml does not exist \(named by recipe\.toml\)"):
        load_recipe(write(tmp_path, LEAST + '[distillation]\ngeneral = [{ recipe = "u.toml" }]\n'))


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("seed=5", lambda r: r.seed == 5),
        ("optimization.lr=1e-3", lambda r: r.optimization.lr == 1e-3),
        ("optimization.lr = 1", lambda r: r.optimization.lr == 1.0),
        ("optimization.schedule=log", lambda r: r.optimization.schedule == "log"),
        ("optimization.schedule='log'", lambda r: r.optimization.schedule == "log"),
        ("optimization.frozen_norms=true", lambda r: r.optimization.frozen_norms is True),
        ("data.root=/a folder/#1=2", lambda r: r.data.root == "/a folder/#1=2"),
        ("data.root=2020-01-01", lambda r: r.data.root == "2020-01-01"),
        ("data.root=", lambda r: r.data.root == "."),
        ("data.sources.0.weight=3", lambda r: (r.data.sources[0].weight, r.data.sources[0].path) == (3.0, "train")),
        ("data.sources.1.path=more", lambda r: [s.path for s in r.data.sources] == ["train", "more"]),
        ("data.sources.0.rendered={clips=9}", lambda r: r.data.sources[0].rendered.clips == 9),
        ("data.sources.0.rendered.clips=9", lambda r: r.data.sources[0].rendered.clips == 9),
        ("data.attributes=['FM', \"LR\"]", lambda r: r.data.attributes == ("FM", "LR")),
        ("data.attributes.0=FM", lambda r: r.data.attributes == ("FM",)),
        ("model.options.width=0.5", lambda r: r.model.options == {"width": 0.5}),
        ("evaluation.path=val", lambda r: r.evaluation.path == "val"),
        ("evaluation=", lambda r: r.evaluation is None),
        ("evaluation.every=", lambda r: r.evaluation is None),
        ("loading.cache.kind=none", lambda r: r.loading.cache.kind == "none"),
        ("distillation.general.0.bundle=b", lambda r: r.distillation.general == (TeacherSpec(bundle="b"),)),
    ],
)
def test_overrides_set_values(least: Path, override: str, read: object) -> None:
    assert callable(read)
    assert read(load_recipe(least, [override]))


def test_overrides_take_the_place_of_alternatives(least: Path) -> None:
    teacher = "distillation.general.0"
    texts = [f"{teacher}.onnx=a.onnx", f"{teacher}.family=fear-xs", f"{teacher}.weight=2", f"{teacher}.checkpoint=b"]
    recipe = load_recipe(least, texts)
    assert recipe.distillation is not None
    assert recipe.distillation.general == (TeacherSpec(checkpoint="b", weight=2.0),)


def test_overrides_come_after_all_files_and_in_their_order(tmp_path: Path, least: Path) -> None:
    path = write(tmp_path, 'extends = "recipe.toml"\n[optimization]\nsteps = 8\n', "child.toml")
    assert load_recipe(path, ["optimization.steps=9", "optimization.steps=10"]).optimization.steps == 10


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("optimization.steps", "--set optimization.steps: expected key=value"),
        ("=3", "--set =3: expected key=value"),
        ("a..b=3", "--set a..b=3: expected key=value"),
        ("optimization.learning_rate=1", "--set optimization.learning_rate=1: optimization has an unknown key"),
        ("optimization.learning_rate=1", "did you mean 'lr'?"),
        ("lr=1", "--set lr=1 has an unknown key 'lr'; did you mean 'optimization.lr'?"),
        ("optimization.steps=many", "optimization.steps is 'many' (str), expected int"),
        ("optimization=3", "optimization is int, expected a table"),
        ("data.sources.2.path=x", "2 is no item of a list of 1; expected an index, 0 to 1"),
        ("data.sources.x.path=x", "x is no item of a list of 1"),
        ("data.sources.-1.path=x", "-1 is no item of a list of 1"),
        ("data.sources.1=", "1 is no item of a list of 1; expected an index, 0 to 0"),
        ("data.attributes.1=FM", "1 is no item of a list of 0; expected an index, 0 to 0"),
        ("seed.x=1", "--set seed.x=1: seed is"),
        ("optimization.lr.x=1", "optimization.lr is {'x': 1} (dict), expected float"),
        ("data.attributes=[FM", "--set data.attributes=[FM: the value is no valid TOML"),
        ("model.start=no.toml", "no.toml does not exist (--set model.start=no.toml)"),
        ("extends=other.toml", "has an unknown key 'extends'"),
    ],
)
def test_overrides_tell_what_is_wrong(least: Path, override: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_recipe(least, [override])
    assert message in str(caught.value)


@pytest.mark.parametrize("name", packaged_recipes())
def test_packaged_recipes_load(name: str) -> None:
    recipe = load_recipe(PACKAGED / name)
    assert recipe.optimization.steps > 0, "an ablation compares at equal steps"
    for attribute in recipe.specialise:
        assert specialised_for(recipe, attribute).data.attributes == (attribute,)


def test_packaged_recipes_are_those_that_are_documented() -> None:
    names = ("teacher", "specialists", "student-sdst", "student-kd", "student-plain")
    expected = {f"{prefix}{name}.toml" for prefix in ("", "small-", "rendered-") for name in names}
    stages = ("-start", "-long", "-hard", "-teacher", "-large-teacher", "-specialists", "-tuned", "-clean", "-sdst", "")
    shipped = {f"sdst-nano-m{stage}.toml" for stage in stages}
    assert set(packaged_recipes()) == expected | shipped | {"demo.toml", "int8.toml"}


@pytest.mark.parametrize("prefix", ["", "small-", "rendered-"])
def test_packaged_students_differ_in_their_teachers_alone(prefix: str) -> None:
    plain, kd, sdst = (dump(load_recipe(PACKAGED / f"{prefix}student-{kind}.toml")) for kind in ("plain", "kd", "sdst"))
    teachers = [recipe.pop("distillation") for recipe in (plain, kd, sdst)]
    assert plain == kd == sdst
    assert teachers[0] is None
    assert teachers[1]["general"] == teachers[2]["general"] != []
    assert teachers[1]["specialised"] == {}
    specialists = load_recipe(PACKAGED / f"{prefix}specialists.toml")
    assert tuple(teachers[2]["specialised"]) == specialists.specialise == tuple(sdst["data"]["attributes"])


def test_demo_recipe_ends_and_leaves_common_seeds_alone() -> None:
    recipe = load_recipe(DEMO_RECIPE)
    (source,) = recipe.data.sources
    assert source.rendered is not None
    assert source.rendered.first_seed > 1000  # far from the seeds that people try
    assert recipe.optimization.seconds > 0


def test_find_recipe_prefers_the_users_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_recipe("teacher.toml") == PACKAGED / "teacher.toml"
    write(tmp_path, LEAST, "teacher.toml")
    assert load_recipe("teacher.toml").optimization.steps == 7
    assert find_recipe("teacher.toml").absolute() == tmp_path / "teacher.toml"


def test_a_packaged_recipe_can_be_extended_from_anywhere(tmp_path: Path) -> None:
    path = write(tmp_path, 'extends = "student-kd.toml"\n[optimization]\nsteps = 7\n')
    recipe = load_recipe(path)
    assert recipe.optimization.steps == 7
    assert recipe.distillation is not None
    assert recipe.distillation.general == (TeacherSpec(recipe=str(PACKAGED / "teacher.toml")),)


def test_a_folder_is_no_recipe(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"is a folder, expected a file \(\.toml\)"):
        load_recipe(tmp_path)


@pytest.mark.parametrize("name", ["techer.toml", "teacher", "no/teacher.toml"])
def test_find_recipe_lists_the_packaged_ones(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_recipe(name)
    assert f"recipe {name} does not exist; did you mean teacher.toml?" in str(caught.value)
    assert ", ".join(packaged_recipes()) in str(caught.value)
