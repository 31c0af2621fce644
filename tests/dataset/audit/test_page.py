import re
from dataclasses import replace

import pytest

from audits import HOSTILE, SCRIPT, clean_audit, hostile_audit
from maskwise.dataset.audit.concerns import find_concerns
from maskwise.dataset.audit.findings import Audit, DuplicateGroup, Suspect
from maskwise.dataset.audit.page import PROBES, SECTIONS, shown_paths
from maskwise.dataset.samples import Rejected
from reader import Reader
from reports import THUMBNAIL


@pytest.fixture
def audit() -> Audit:
    return hostile_audit()


def test_page_asks_nobody_for_anything(audit: Audit) -> None:
    page = audit.to_html()
    reader = Reader(page)
    for tag, attributes in reader.tags:
        assert tag not in {"script", "iframe", "object", "embed", "base", "form"}
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in {"src", "href", "action", "srcset", "poster", "data"}:
                assert value.startswith(("#", "data:"))
    assert "url(" not in page
    assert "@import" not in page
    policy = [each["content"] for each in reader.all("meta") if "http-equiv" in each]
    assert policy == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_hostile_names_are_legible_and_harmless(audit: Audit) -> None:
    page = audit.to_html()
    text = Reader(page).text
    for shown in (
        SCRIPT,
        r'without_mask/"onload=x\u202egpj.\x1b[31m\udcff`|.jpg',
        "without_mask/äöü 顔.jpg",
        r"/data/\udcff|<i>faces</i>\u202e",
        r"<b>one</b>\u202e|",
        r"scene\u202e <1>",
        "train, <te|st>",
        "not a picture: <html>",
        "unknown class <mask>",
        "stray/`a|b`.jpg",
    ):
        assert shown in text
    assert not re.search("<script|<i>faces|<b>one|<te|<mask>|<html>.*<html", page)
    page.encode("utf-8")
    assert all(character.isprintable() or character in "\n\u00a0\u202f" for character in page)


def test_page_says_the_worst_first_and_then_everything(audit: Audit) -> None:
    page = audit.to_html()
    sections = re.findall(r'<section id="(\w+)"', page)
    assert sections == list(SECTIONS)
    text = Reader(page).text
    before_sections = text[: text.index("At a glance")]
    assert "File metadata gives the class away" in before_sections
    assert "90.0 % right without a look at any pixel" in before_sections
    for concern in find_concerns(audit):
        assert concern.title in text
        assert concern.remedy.replace("`", "") in re.sub(" (?=[:,])", "", text)
    assert "maskwise data audit DATA --fix OUT" in text


def test_page_shows_probes_with_interval_majority_and_meaning(audit: Audit) -> None:
    reader = Reader(audit.to_html())
    assert "90.0 % right (86.7 to 92.6 %), 50.0 % by the commonest class" in reader.text
    for title, meaning in PROBES.values():
        assert f"{title} " in reader.text
        assert meaning in reader.text
    tracks = [a["class"] for a in reader.all("div") if a.get("class", "").startswith("track")]
    assert tracks == ["track telling", "track", "track telling"]


def test_page_marks_sources_of_one_class(audit: Audit) -> None:
    text = Reader(audit.to_html()).text
    assert "two one class only 20 0 20 0" in text
    assert r"<b>one</b>\u202e| 380 170 180 30" in text


def test_groups_stand_in_their_order_and_say_what_they_cross(audit: Audit) -> None:
    text = Reader(audit.to_html()).text
    shown = text[text.index("Pictures that are one shot") :]
    assert shown.index("two classes") < shown.index("two sides") < shown.index("equal files")
    assert shown.index(SCRIPT) < shown.index("with_mask/c.jpg") < shown.index("with_mask/b.jpg")


def test_page_shows_suspects_with_label_likelier_label_and_score(audit: Audit) -> None:
    text = Reader(audit.to_html()).text
    assert f"Label mask Likelier no mask Suspicion 0.980 {SCRIPT}" in text
    assert "Likelier mask worn wrongly Suspicion 0.900 Face at 1, 2, 30, 40" in text
    assert "Label mask Suspicion 0.700 with_mask/product.jpg" in text


def test_thumbnails_lie_in_the_page_where_a_picture_is_shown(audit: Audit) -> None:
    reader = Reader(audit.to_html())
    images = list(reader.all("img"))
    assert len(images) == 4  # two of a group, two suspects
    assert all(image["src"].startswith("data:image/jpeg;base64,") for image in images)
    assert all(image["alt"] for image in images)
    assert reader.text.count("no thumbnail") == 6


def test_long_lists_are_cut_and_counted(audit: Audit) -> None:
    many = replace(
        audit,
        near_duplicates=(
            DuplicateGroup(tuple(f"many/{i}" for i in range(1000)), (0, 1), (), True),
            *(DuplicateGroup((f"{i}/a", f"{i}/b"), (0,), (), True) for i in range(99)),
        ),
        mislabels=tuple(Suspect(f"mislabel/{i}", None, 0, 0.5, 1) for i in range(200)),
        non_faces=tuple(Suspect(f"non-face/{i}", None, 0, 0.5) for i in range(200)),
        unreadable=tuple(Rejected(f"broken/{i}", "empty") for i in range(1234)),
    )
    text = Reader(many.to_html()).text
    assert "Here are 60 of 100;" in text
    assert "1 000 pictures 6 of them shown" in text
    assert "many/5" in text
    assert "many/6" not in text
    assert text.count("Here are the 48 worst of 200;") == 2
    assert "mislabel/48" not in text
    assert "And 1 184 more" in text
    assert len(many.to_markdown()) < 30_000


def test_shown_paths_are_those_with_a_place_for_a_thumbnail(audit: Audit) -> None:
    long = replace(
        audit,
        near_duplicates=(
            DuplicateGroup(tuple(f"many/{i}" for i in range(1000)), (0, 1), (), True),
            *(DuplicateGroup((f"{i}/a", f"{i}/b"), (0,), (), True) for i in range(99)),
        ),
    )
    paths = shown_paths(long)
    assert paths[:7] == [*(f"many/{i}" for i in range(6)), "0/a"]
    assert len(paths) == len(set(paths))
    filled = replace(long, thumbnails_jpeg=dict.fromkeys(paths, THUMBNAIL))
    assert "no thumbnail" not in Reader(filled.to_html()).text


def test_page_can_be_read_without_seeing_it(audit: Audit) -> None:
    reader = Reader(audit.to_html())
    assert next(reader.all("html"))["lang"] == "en"
    assert [tag for tag, _ in reader.tags].count("h1") == 1
    assert all("scope" in header for header in reader.all("th"))
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {link["href"].removeprefix("#") for link in reader.all("a")}
    assert targets == set(SECTIONS) <= set(ids)


def test_a_set_without_findings_says_so(audit: Audit) -> None:
    clean = clean_audit()
    text = Reader(clean.to_html()).text
    assert "Nothing was found that would fool a training" in text[: text.index("At a glance")]
    assert "Nothing needs to be done before a training." in text
    assert "no picture is a near-duplicate of another" in text
    assert "None stands out." in text
    assert "No face to be seen" not in text  # an audit need not look for them
    assert "All files can be read and are what their names say" in text
    assert str(clean).endswith("Nothing was found that would fool a training.")
    assert "**Nothing was found that would fool a training.**" in clean.to_markdown()
    assert "What is wrong" not in clean.to_markdown()


def test_no_form_claims_to_have_probed_what_was_not_probed() -> None:
    unprobed = replace(clean_audit(), probes=())
    said = "Too few pictures to look for doubtful labels and what gives classes away."
    assert said in str(unprobed)
    assert said in unprobed.to_markdown()
    page = Reader(unprobed.to_html()).text
    assert said in page
    assert "None stands out." not in page


def test_summary_is_short_plain_and_worst_first(audit: Audit) -> None:
    lines = str(audit).splitlines()
    assert len(lines) <= 25
    assert lines[:2] == [
        r"Audit of /data/\udcff|<i>faces</i>\u202e",
        "400 faces in 390 pictures: 170 no mask, 200 mask, 30 mask worn wrongly",
    ]
    assert lines[3] == "File metadata gives the class away:"
    assert any(line.startswith("- and ") and line.endswith(" more") for line in lines)
    assert not any(sign in str(audit) for sign in ("`", "**", "\x1b", "\u202e"))
    str(audit).encode("utf-8")


def test_markdown_tables_are_whole(audit: Audit) -> None:
    blocks = [block.splitlines() for block in audit.to_markdown().split("\n\n")]
    tables = [block for block in blocks if block[0].startswith("|")]
    assert len(tables) == 12
    for table in tables:
        cells = {line.replace(r"\|", "").count("|") for line in table}
        assert len(cells) == 1
        assert set(table[1]) <= set("|-:")


def test_markdown_shows_hostile_names_as_code(audit: Audit) -> None:
    markdown = audit.to_markdown()
    assert f"`{SCRIPT}`" in markdown
    assert r'``without_mask/"onload=x\u202egpj.\x1b[31m\udcff`\|.jpg``' in markdown
    assert r"| \<b\>one\</b\>\\u202e\| | 380 | 170 | 180 | 30 |" in markdown
    assert r"not a picture: \<html\>" in markdown
    assert HOSTILE not in markdown
    markdown.encode("utf-8")


def test_markdown_shows_the_worst_first_with_what_to_do(audit: Audit) -> None:
    lines = audit.to_markdown().splitlines()
    assert lines[0] == r"# Audit of /data/\\udcff\|\<i\>faces\</i\>\\u202e"
    assert lines[2].startswith("**File metadata gives the class away.** 90.0 % right without")
    assert any("`maskwise data audit DATA --fix OUT`" in line for line in lines)
    assert any(
        line.startswith("| File metadata | 0.900 [0.867, 0.926] | 0.500 |") for line in lines
    )


def test_page_and_markdown_are_the_same_every_time(audit: Audit) -> None:
    assert audit.to_html() == audit.to_html()
    assert audit.to_markdown() == audit.to_markdown()
