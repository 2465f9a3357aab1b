"""Files that are no pack are refused in words, with the place, and without a crash or a long wait."""

import pytest

from planner.errors import KnowledgeFaults
from planner.knowledge import Knowledge
from protocols.documents import LARGEST_BYTES, canonical, packaged_paths, read_pack
from protocols.doubles import parse


def refused(tmp_path, content: str | bytes) -> str:
    path = tmp_path / "pack.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def read() -> None:
        pack = read_pack(path)
        canonical(pack)
        Knowledge.parse(pack)

    with pytest.raises(KnowledgeFaults) as found:
        read()
    return str(found.value)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [1, 2", "line"),
        ("a: 1\na: 2", "stands twice"),
        ("a: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("a: &x [*x]", "comes back to itself"),
        ("a: &x {b: *x}", "comes back to itself"),
        ("a: &x {b: 1}\nc:\n  <<: *x", "a merge (<<) is not read"),
        ("<<: {a: 1}\nb: 2", "a merge (<<) is not read"),
        ("{" + ", ".join(f"a{n}: 1" for n in range(1200)) + "}", "more than 1000 names in one mapping"),
        ("{" + ", ".join(f"a{n}: 1" for n in range(150_000)) + "}", "more than 1000 names in one mapping"),
        ("a: [" + "1, " * 5100 + "1]", "5000 rows in one list"),
        ("? [a, b]\n: c", "a key must be one word"),
        ("a: 1\n---\nb: 2", "another document"),
        (b"a: \xff\xfe", "not UTF-8"),
        ("a: " + "[" * 5000 + "]" * 5000, "nested"),
        ("a: !!binary aGVsbG8=", "has no place in a pack"),
        ("a: .nan", "must be a number, not nan"),
        ("1: one", "a key must be a word"),
        ("- a\n- b", "a pack is a mapping"),
        ("", "a pack is a mapping"),
        ("\x00", "not plain text"),
    ],
)
def test_a_file_that_is_no_pack(tmp_path, content, words):
    assert words in refused(tmp_path, content)


def test_a_file_of_ten_megabytes_is_not_even_read(tmp_path):
    assert f"larger than {LARGEST_BYTES // 1_000_000} MB" in refused(tmp_path, "a: " + "x" * 10_000_000)


def test_a_few_lines_that_become_millions_of_values(tmp_path):
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than" in refused(tmp_path, "\n".join(lines))


@pytest.mark.parametrize("value", ["2026-02-30", "9" * 5000, "2026-13-01T10:00:00", "1e999999"])
def test_a_date_or_number_that_is_none_is_a_fault_of_its_field(tmp_path, value):
    text = packaged_paths()[-1].read_text(encoding="utf-8")
    said = refused(tmp_path, text.replace("    min: 1\n", f"    min: {value}\n", 1).replace("      min: 1\n", f"      min: {value}\n", 1))
    assert "sessions.min: " in said


def test_a_row_that_stands_twice_is_named_by_both_places(tmp_path):
    pack = read_pack(packaged_paths()[-1])
    last = len(pack["depth_ranges"])
    pack["depth_ranges"] += [dict(pack["depth_ranges"][3]), dict(pack["depth_ranges"][3])]
    pack["zones"].append(dict(pack["zones"][1]))
    with pytest.raises(KnowledgeFaults) as found:
        parse(pack)
    said = str(found.value)
    ids = ", ".join(pack["depth_ranges"][3][key] for key in ("indication", "level", "zone"))
    assert f"depth_ranges[{last}]: {ids} stands twice: here and in depth_ranges[3]" in said
    assert f"depth_ranges[{last + 1}]: {ids} stands twice: here and in depth_ranges[3]" in said
    assert "zones[22]: temples stands twice: here and in zones[1]" in said


def test_every_fault_is_listed_where_a_value_is_not_even_plain(tmp_path):
    text = packaged_paths()[-1].read_text(encoding="utf-8")
    text = text.replace("max_depth_mm: 1.0", "max_depth_mm: .inf", 1).replace("unit: mm", "unit: cm", 1)
    said = refused(tmp_path, text)
    assert "zones[0].max_depth_mm: must be a number, not inf" in said
    assert "must be mm" in said
