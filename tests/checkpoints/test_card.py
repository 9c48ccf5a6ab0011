from __future__ import annotations

from pathlib import Path

import pytest

from auditor.checkpoints.card import MAX_CARD_BYTES, declared_base


def base_of(tmp_path: Path, text: str) -> str | None:
    card = tmp_path / "README.md"
    card.write_bytes(text.encode())
    return declared_base(card)


@pytest.mark.parametrize(
    "text",
    [
        "---\nbase_model: org/base\n---\n# Title",
        "---\r\nlicense: mit\r\nbase_model: 'org/base'\r\n---\r\n",
        "\ufeff---\nbase_model: org/base\n---",
        "---\nbase_model:\n- org/base\n- org/other\n---\n",
        "---\nbase_model: [org/base]\ntags: [a, b]\n---\n",
        "---\nname: &b org/base\nbase_model: *b\n---\n",
    ],
)
def test_base_is_read(tmp_path: Path, text: str):
    assert base_of(tmp_path, text) == "org/base"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# A card without front matter",
        "---\nbase_model: org/base\n",
        "---\nlicense: mit\n---\nbase_model: org/base\n",
        "---\n- a\n- b\n---\n",
        "---\nbase_model:\n---\n",
        "---\nbase_model: []\n---\n",
        "---\nbase_model: {a: b}\n---\n",
        "---\nbase_model: [[org/base]]\n---\n",
        "---\n: : {unbalanced\n---\n",
        "---\n\tx: 1\n---\n",
        "---\n" + "[" * 50_000 + "\n---\n",
        '---\nx: "\\UFFFFFFFF"\n---\n',
        "---\nbase_model: *nowhere\n---\n",
        "---\n%YAML 1" + "1" * 5000 + ".1\n---\n",
        "---\nbase_model: !!python/object/apply:os.system [id]\n---\n",
    ],
)
def test_card_without_a_usable_base(tmp_path: Path, text: str):
    assert base_of(tmp_path, text) is None


@pytest.mark.parametrize(
    "base", ["../../etc", "/etc/passwd", "./model", "org", "a/b/c", "~/x", "hf://a/b", "o/n@v"]
)
def test_base_that_is_no_hub_id_is_dropped(tmp_path: Path, base: str):
    assert base_of(tmp_path, f"---\nbase_model: {base}\n---\n") is None


def test_no_card(tmp_path: Path):
    assert declared_base(tmp_path / "README.md") is None


def test_card_that_is_not_text(tmp_path: Path):
    (tmp_path / "README.md").write_bytes(b"---\nbase_model: \xff\xfe/\x00\n---\n")
    assert declared_base(tmp_path / "README.md") is None


def test_only_the_start_of_a_huge_card_is_read(tmp_path: Path):
    filler = "# filler\n" * (MAX_CARD_BYTES // 9 + 1)
    assert base_of(tmp_path, f"---\n{filler}base_model: org/base\n---\n") is None


def test_nested_merge_keys_do_not_multiply(tmp_path: Path):
    levels = "".join(
        f"k{n}: &k{n} {{<<: [{', '.join([f'*k{n - 1}'] * 20)}]}}\n" for n in range(1, 12)
    )
    assert base_of(tmp_path, f"---\nk0: &k0 {{a: b}}\n{levels}base_model: o/b\n---\n") == "o/b"
