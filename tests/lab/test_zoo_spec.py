"""A spec is read strictly: whatever a person gets wrong is said in one line, before any build."""

from __future__ import annotations

import re
import time
from dataclasses import fields, replace
from pathlib import Path

import pytest
import yaml

from auditor.errors import ExitCode, UsageError
from auditor.lab.training import TrainingRecipe
from auditor.lab.zoo_plan import Catalogue, ModelPlan, plans_of
from auditor.lab.zoo_spec import (
    REFERENCE,
    CleanGroup,
    Setting,
    Training,
    VictimGroup,
    ZooSpec,
    read_spec,
)
from tests.made_datasets import require_plain

ROOT = Path(__file__).parent.parent.parent
THINGS = ("dog", "cup", "tree", "Stop Sign")
CATALOGUE = Catalogue({"signs": ("stop", "yield", "stop_sign", "dog")}, THINGS)
HEAD = "name: z\nentities: things\n"
SIGNS = "name: signs, base: b, task: signs"
GOOD = HEAD + f"settings: [{{{SIGNS}}}]\n"
VICTIM = GOOD + "victims: [{attack: badnets, settings: signs, "


def read(tmp_path: Path, text: str) -> ZooSpec:
    path = tmp_path / "spec.yaml"
    path.write_text(text)
    return read_spec(path)


def refusal(tmp_path: Path, text: str) -> tuple[str, str]:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    require_plain(caught.value, ExitCode.USAGE)
    assert "spec.yaml" in caught.value.message
    return caught.value.message, caught.value.hint


def planned(**changes: object) -> tuple[ModelPlan, ...]:
    """The plans of a spec in which some group or setting is changed."""
    said = yaml.safe_load(GOOD) | changes
    return plans_of(ZooSpec.model_validate(said), CATALOGUE)


def plan_refusal(**changes: object) -> str:
    with pytest.raises(UsageError) as caught:
        planned(**changes)
    require_plain(caught.value, ExitCode.USAGE)
    return f"{caught.value.message} {caught.value.hint}"


def victims(attack: str = "entity-dirty", **said: object) -> dict[str, object]:
    return {"attack": attack, "settings": "signs", **said}


@pytest.mark.parametrize(
    ("text", "where", "meant"),
    [
        (GOOD + "victms: []\n", "no such key: victms", "victims"),
        (HEAD + f"settings: [{{{SIGNS}, imagesize: 96}}]", "settings.0:", "image_size"),
        (HEAD + f"settings: [{{{SIGNS}, training: {{epoch: 1}}}}]", "0.training:", "epochs"),
        (GOOD + "clean: [{knd: x, settings: signs}]", "clean.0: no such key: knd", "kind"),
        (VICTIM + "poison: 3}]", "victims.0: no such key: poison", "poisons"),
        (VICTIM + "training: {learning-rate: 1}}]", "victims.0.training", "learning_rate"),
        (GOOD + "victims: [{attack: badnetz, settings: signs}]", "no such attack", "badnets"),
        (GOOD + "victims: [{attack: badnets, settings: sings}]", "no such setting", "signs"),
        (GOOD + "clean: [{kind: x, settings: [signs, sgns]}]", "no such setting: sgns", "signs"),
    ],
)
def test_a_mistyped_name_is_answered_with_the_nearest(
    tmp_path: Path, text: str, where: str, meant: str
):
    message, hint = refusal(tmp_path, text)
    assert where in message
    assert message.endswith(f"did you mean {meant}?")
    assert hint.startswith("There are: ")
    assert meant in hint


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (VICTIM + "count: many}]", "victims.0.count: Input should be a valid integer"),
        (VICTIM + "count: 0}]", "victims.0.count: Input should be greater"),
        (VICTIM + "poisons: 0}]", "victims.0.poisons.0: "),
        (VICTIM + "poisons: []}]", "victims.0.poisons: "),
        (VICTIM + "targets: []}]", "victims.0.targets: "),
        (VICTIM + "targets: [stop, no]}]", "victims.0.targets.1: Input should be a valid string"),
        (VICTIM + "epsilons: 256}]", "victims.0.epsilons.0: "),
        (VICTIM + "learning_rates: [0.1, .nan]}]", "victims.0.learning_rates.1: "),
        (VICTIM + "training: {epochs: 0}}]", "victims.0.training.epochs: "),
        (VICTIM + "training: {learning_rate: -1}}]", "victims.0.training.learning_rate: "),
        (VICTIM + "training: 5}]", "victims.0.training: Input should be a mapping"),
        (VICTIM + "name: a/b}]", "victims.0.name: a name is made of"),
        (VICTIM + "settings: }]", "the key 'settings' stands there twice"),
        (HEAD + f"settings: [{{{SIGNS}, classes: 1}}]", "settings.0.classes: "),
        (HEAD + f"settings: [{{{SIGNS}, paradigm: transfr}}]", "settings.0.paradigm: "),
        (HEAD + "settings: []", "settings: "),
        (HEAD + "settings: 7", "settings: Input should be a list"),
        (HEAD + "settings: [7]", "settings.0: Input should be a mapping"),
        (HEAD + "settings: [{name: ../x, base: b, task: t}]", "settings.0.name: a name is"),
        (HEAD, "settings: this key is required"),
        (GOOD + "min_lift: .nan", "min_lift: "),
        ("", "is empty"),
        ("- a\n- b\n", "is no mapping"),
        ("a: [never closed\nb: 1\n", "line 2: "),
        (GOOD + "seed: 2026-99-99", "no text in YAML"),
        (GOOD + "seed: 1\nseed: 2", "line 5: the key 'seed' stands there twice"),
        ("a: !!python/object/apply:os.system [true]", "could not determine a constructor"),
    ],
)
def test_a_wrong_value_is_said_with_its_place(tmp_path: Path, text: str, said: str):
    assert said in refusal(tmp_path, text)[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD + f"settings: [{{{SIGNS}}}, {{{SIGNS}}}]", "two settings have the name signs"),
        (GOOD + "clean: [{kind: reference, settings: signs}]", "clean twins of a setting"),
        (VICTIM + "name: reference}]", "clean twins of a setting"),
        (VICTIM + "entities: dog}]", "the trigger of badnets is no entity"),
        (
            GOOD + "victims: [{attack: badnets-all-to-all, settings: signs, targets: stop}]",
            "badnets-all-to-all sends pictures to",
        ),
        (
            VICTIM + "learning_rates: 0.1, training: {learning_rate: 0.2}}]",
            "contradict each other",
        ),
        (
            HEAD + f"settings: [{{{SIGNS}, paradigm: standalone}}]\n"
            "victims: [{attack: entity, settings: signs}]",
            "setting signs: entity makes no sense in the paradigm standalone",
        ),
        (
            HEAD + f"settings: [{{{SIGNS}, paradigm: standalone, training: {{mode: head}}}}]",
            "setting signs: mode head contradicts the paradigm standalone",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(tmp_path: Path, text: str, said: str):
    assert said in refusal(tmp_path, text)[0]


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path):
    (tmp_path / "spec.yaml").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "spec.yaml", tmp_path / "none.yaml", tmp_path, Path("a\0b")):
        with pytest.raises(UsageError) as caught:
            read_spec(path)
        assert caught.value.message.count("\n") == 0
    with pytest.raises(UsageError, match="larger than 1 MB"):
        read_spec(Path("/dev/zero"))


def laughs(joined: str) -> str:
    """Ten levels, each ten times the one below: 10**10 values, or keys where they are merged."""
    lines = ["a0: &a0 {x: 1}"]
    for level in range(1, 11):
        parts = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"a{level}: &a{level} {joined.format(parts, level)}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        laughs("[{}]"),
        laughs("{{<<: [{}], y{}: 1}}"),
        "settings: &a [*a]\nname: n\nentities: e\n",
        "a: " + "[" * 3000,
    ],
    ids=["lists", "merged", "itself", "deep"],
)
def test_a_bomb_does_not_go_off(tmp_path: Path, text: str):
    started = time.monotonic()
    refusal(tmp_path, text)
    assert time.monotonic() - started < 30


def test_anchors_and_merged_keys_can_be_used(tmp_path: Path):
    spec = read(
        tmp_path,
        HEAD + f"settings: [&s {{{SIGNS}, training: &t {{epochs: 3}}}}, {{<<: *s, name: other}}]\n"
        "clean: [{kind: x, settings: other, training: *t}]",
    )
    assert [s.training.epochs for s in spec.settings] == [3, 3]
    assert [s.name for s in spec.settings] == ["signs", "other"]


def test_one_value_needs_no_brackets(tmp_path: Path):
    bare = read(tmp_path, VICTIM + "poisons: 3, learning_rates: 0.1, targets: stop}]")
    listed = read(tmp_path, VICTIM + "poisons: [3], learning_rates: [0.1], targets: [stop]}]")
    assert bare == listed
    assert bare.victims[0].settings == ("signs",)


def test_training_has_the_keys_and_the_defaults_of_the_recipe():
    keys = [f.name for f in fields(TrainingRecipe) if f.name != "seed"]
    assert list(Training.model_fields) == keys
    assert TrainingRecipe(**{key: getattr(Training(), key) for key in keys}) == TrainingRecipe()


def test_a_group_changes_the_training_of_its_setting():
    plans = planned(
        settings=[
            {**yaml.safe_load(f"{{{SIGNS}}}"), "training": {"epochs": 3, "batch": 8}},
        ],
        clean=[{"kind": "long", "settings": "signs", "training": {"epochs": 9}}],
    )
    assert (plans[0].training.epochs, plans[0].training.batch) == (3, 8)
    assert (plans[3].training.epochs, plans[3].training.batch) == (9, 8)


def test_references_come_first_and_no_two_models_are_the_same():
    plans = planned(
        clean=[{"kind": "long", "settings": "signs", "count": 2}], victims=[victims(count=3)]
    )
    assert [plan.kind for plan in plans[:3]] == [REFERENCE] * 3
    assert len(plans) == 3 + 2 + 3
    assert len({plan.id for plan in plans}) == len({plan.training.seed for plan in plans}) == 8


def test_what_is_added_changes_no_other_model():
    before = planned(victims=[victims(count=2, poisons=[10, 20, 30])])
    after = planned(
        settings=[yaml.safe_load(f"{{{SIGNS}}}"), {"name": "more", "base": "b", "task": "signs"}],
        clean=[{"kind": "long", "settings": ["more", "signs"]}],
        victims=[
            victims("badnets", settings=["signs", "more"]),
            victims(count=4, poisons=[10, 20, 30]),
            victims(name="again"),
        ],
    )
    assert set(before) <= set(after)
    assert len(after) == 6 + 2 + 2 + 4 + 1


def test_the_seed_of_the_zoo_changes_every_model():
    first, second = (planned(seed=seed, victims=[victims()]) for seed in (0, 1))
    assert not {plan.training.seed for plan in first} & {plan.training.seed for plan in second}


def test_any_is_never_an_entity_that_is_also_a_label():
    """`dog` is a label, and so, in other letters, is `Stop Sign`."""
    drawn = {plan.entity for plan in planned(victims=[victims(count=40)])[3:]}
    assert drawn == {"cup", "tree"}


def test_of_a_list_every_value_is_drawn():
    plans = planned(
        victims=[
            victims(
                count=60,
                entities=["cup", "tree"],
                targets=["stop", "yield"],
                poisons=[1, 2],
                epsilons=[4, 8],
                learning_rates=[0.1, 0.2],
            )
        ]
    )[3:]
    assert {plan.training.learning_rate for plan in plans} == {0.1, 0.2}
    assert len({(p.entity, p.target, p.poisons, p.epsilon) for p in plans}) == 16


def test_what_an_attack_does_not_have_is_not_in_its_plan():
    pattern, everywhere = planned(victims=[victims("badnets"), victims("badnets-all-to-all")])[3:]
    assert pattern.entity is None
    assert pattern.target in CATALOGUE.labels["signs"]
    assert (everywhere.entity, everywhere.target) == (None, None)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"victims": [victims(entities=["cup", "tre"])]},
            "no such entity.*: tre; did you mean t",
        ),
        ({"victims": [victims(targets=["any", "yeild"])]}, "no such label: yeild; did you mean yi"),
        ({"victims": [victims(entities="dog")]}, "the entity dog is a label of the task"),
        ({"victims": [victims(), victims()]}, "asks for victim-signs-entity-dirty-0 more than"),
        ({"victims": [victims(settings=["signs", "signs"])]}, "more than once"),
        (
            {"clean": [{"kind": "a", "settings": "signs"}, {"kind": "a", "settings": "signs"}]},
            "asks for clean-signs-a-0 more than once.*`kind`",
        ),
        (
            {"settings": [{"name": "signs", "base": "b", "task": "signs", "classes": 5}]},
            "setting signs asks for 5 classes; signs has 4",
        ),
    ],
)
def test_what_the_data_do_not_hold_is_refused(changes: dict[str, object], said: str):
    assert re.search(said, plan_refusal(**changes))


def test_data_that_leave_nothing_to_draw_are_refused():
    spec = ZooSpec.model_validate(yaml.safe_load(GOOD) | {"victims": [victims()]})
    for catalogue, said in (
        (replace(CATALOGUE, entities=("dog",)), "every entity is a label"),
        (replace(CATALOGUE, labels={"signs": ("stop",)}), "signs has 1 label"),
    ):
        with pytest.raises(UsageError, match=said):
            plans_of(spec, catalogue)


@pytest.mark.parametrize("path", sorted((ROOT / "reports" / "zoos").glob("*.yaml")))
def test_the_specs_of_the_repository_are_good(path: Path):
    assert read_spec(path).victims


def test_the_page_explains_every_key_and_its_example_is_good(tmp_path: Path):
    page = (ROOT / "docs" / "lab.md").read_text(encoding="utf-8")
    for model in (ZooSpec, Setting, CleanGroup, VictimGroup, Training):
        for key in model.model_fields:
            assert f"`{key}`" in page, key
    example = page.split("```yaml\n")[1].split("```")[0]
    assert len(read(tmp_path, example).victims) == 2
