"""The page: the evaluation's figures, whatever the names are and whatever is missing."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from sdst_edge.evaluation.result import EvaluationResult, Skipped
from sdst_edge.evaluation.rules.rule import Metric
from sdst_edge.workflows.report.page import page_text
from tests.html_page import NASTY, Page
from tests.made_up_evaluation import METRICS, lasot_like, made_up


def test_the_page_shows_the_figures_of_the_result() -> None:
    result = made_up({"a": (0.25, ("FM", "SV")), "b": (0.75, ("SV",)), "c": (0.6, ())})
    page = Page(page_text(result))
    attributes, sequences = page.tables
    assert [row[:4] for row in attributes[1:]] == [
        ["FM", "fast motion", "1", "0.250"],
        ["SV", "scale variation", "2", "0.500"],
        ["overall", "", "3", "0.533"],
    ]
    assert [row[6] for row in attributes[1:3]] == ["−0.283", "−0.033"]
    assert [row[:2] + row[4:7] for row in sequences[1:]] == [
        ["a", "0.250", "FM, SV", "1,200", "1,150"],
        ["c", "0.600", "–", "1,200", "1,150"],
        ["b", "0.750", "SV", "1,200", "1,150"],
    ]
    for text in ("toy tracker", "data/toy", "toy rule: all frames count", "3,600 frames, 3,450 of them scored", "182"):
        assert text in page.text
    assert "success AUC 0.533" in page.text  # legend of the curve


def test_bars_are_as_long_as_the_scores() -> None:
    result = made_up({"a": (0.2, ("FM",)), "b": (0.4, ("SV",)), "c": (0.55, ("MB",))})
    widths = [item["style"] for item in Page(page_text(result)).all("i", "bar")]
    assert widths == ["width:33.33%", "width:66.67%", "width:91.67%"]


def test_names_from_data_are_text_and_never_markup() -> None:
    result = made_up(
        {NASTY: (0.2, (NASTY, "FM")), "b": (0.5, ())},
        tracker=NASTY,
        dataset=NASTY,
        layout=NASTY,
        protocol=NASTY,
        rule=NASTY,
        rule_text=NASTY,
        metrics=(replace(METRICS[0], label=NASTY),),
        skipped=(Skipped(name=NASTY, reason=NASTY),),
    )
    result = replace(result, attributes={**result.attributes, "SV": replace(result.attributes["FM"], source=NASTY)})
    text = page_text(result, command=NASTY, json_name=NASTY)
    plain = Page(page_text(made_up({"a": (0.2, ("x", "FM")), "b": (0.5, ())}, metrics=METRICS[:1])))
    page = Page(text)
    assert len(page.all("script")) == len(plain.all("script")) == 1
    assert not page.all("b", "&")
    assert text.count("alert(") == text.count("&lt;script&gt;alert(&#x27;1&#x27;)")
    assert page.text.count(NASTY) >= 14
    assert {tag for tag, _ in page.starts} <= {tag for tag, _ in plain.starts} | {"ul", "pre", "a", "code", "strong"}


def test_the_only_script_that_may_run_is_the_pages_own() -> None:
    text = page_text(made_up({"a": (0.5, ())}))
    script = text.split("<script>")[1].split("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text
    assert "default-src 'none'" in text


def test_the_page_asks_for_no_other_file() -> None:
    text = page_text(lasot_like(20), command="sdst-edge eval a b")
    page = Page(text)
    addresses = [
        value for _, attributes in page.starts for name, value in attributes.items() if name in ("src", "href")
    ]
    assert addresses == ["data:,"]
    assert not re.search(r"url\(|@import|https?:", text)


def test_scores_that_were_not_measured_are_dashes_and_stay_last() -> None:
    result = made_up({"a": (None, ("FM",)), "b": (0.5, ("SV",))}, speed=None)
    page = Page(page_text(result))
    attributes, sequences = page.tables
    assert attributes[-2][:4] == ["FM", "fast motion", "1", "–"]
    assert sequences[2][:2] == ["a", "–"]
    assert 'data-value=""' in page_text(result)
    assert len(page.all("i", "bar")) == 1  # an attribute without a score has no bar


def test_frames_that_several_runs_score_are_no_part_of_the_frames() -> None:
    result = made_up({"a": (0.5, ())})
    result = replace(result, sequences=(replace(result.sequences[0], frames=200, scored=1404),))
    assert "200 frames, 1,404 scored over all runs" in Page(page_text(result)).text


def test_recorded_boxes_have_no_speed() -> None:
    result = made_up({"a": (0.5, ())}, speed=None)
    result = replace(result, sequences=tuple(replace(item, speed=None) for item in result.sequences))
    assert "FPS" not in Page(page_text(result)).text


def test_a_set_without_attributes_says_so_and_has_no_chart() -> None:
    page = Page(page_text(made_up({"a": (0.5, ()), "b": (0.4, ())})))
    assert "No attributes" in page.text
    assert len(page.tables) == 1
    assert not page.all("figure", "bars")


def test_curves_are_left_out_where_the_rule_has_none() -> None:
    page = Page(page_text(made_up({"a": (0.5, ("FM",))}, curves={})))
    assert not page.all("svg")
    assert "Curves" not in page.text


def test_percentages_and_failures_keep_their_scale() -> None:
    metrics = (
        Metric(key="success_auc", label="success", best=100),
        Metric(key="lost", label="lost", higher_is_better=False),
    )
    result = made_up({"a": (0.5, ("FM",)), "b": (0.5, ("SV",))}, metrics=metrics, curves={})
    scores = {"success_auc": 52.04, "lost": 3.0}
    attributes = {name: replace(item, scores=scores) for name, item in result.attributes.items()}
    sequences = tuple(replace(item, scores=scores) for item in result.sequences)
    result = replace(result, overall=scores, attributes=attributes, sequences=sequences)
    attribute_rows = Page(page_text(result)).tables[0]
    assert attribute_rows[1][3:6] == ["52.0", "3.000", "0.0"]


def test_metrics_that_no_row_has_make_no_column() -> None:
    eao, lost = Metric(key="eao", label="EAO"), Metric(key="lost", label="lost", higher_is_better=False)
    result = made_up({"a": (0.5, ("FM",))}, metrics=(eao, lost), overall={"eao": 0.3, "lost": 2.0})
    result = replace(
        result,
        attributes={"FM": replace(result.attributes["FM"], scores={"eao": 0.2})},
        sequences=(replace(result.sequences[0], scores={"eao": None, "lost": 2.0}),),
    )
    page = Page(page_text(result))
    attributes, sequences = page.tables
    assert attributes[0] == ["attribute", "full name", "sequences", "EAO", "EAO to overall", "source"]
    assert attributes[-1][2:4] == ["1", "0.300"]
    assert sequences[0][:3] == ["sequence", "lost", "attributes"]
    assert "2.000 lower is better" in page.text
    assert "0.300 lower" not in page.text


def test_sequences_by_a_count_of_failures_have_the_most_on_top() -> None:
    lost = Metric(key="success_auc", label="lost", higher_is_better=False)
    page = Page(page_text(made_up({"a": (0.1, ()), "b": (0.9, ())}, metrics=(lost,))))
    assert [row[0] for row in page.tables[0]][1:] == ["b", "a"]
    assert page.all("th")[1]["aria-sort"] == "descending"


def test_skipped_sequences_are_named_with_their_reason() -> None:
    skipped = (Skipped(name="kite-9", reason="kite-9/groundtruth.txt, line 3: nan"),)
    page = Page(page_text(made_up({"a": (0.5, ())}, skipped=skipped)))
    assert "1 sequence skipped" in page.text
    assert "kite-9: kite-9/groundtruth.txt, line 3: nan" in page.text
    assert [item["href"] for item in page.all("a")] == ["#skipped"]
    assert [item["id"] for item in page.all("section") if "id" in item] == ["skipped"]


def test_command_and_json_are_shown_where_they_are_known() -> None:
    result = made_up({"a": (0.5, ())})
    page = Page(page_text(result, command="sdst-edge eval 'my bundle' data", json_name="my results.json"))
    assert "sdst-edge eval 'my bundle' data" in page.text
    assert [item["href"] for item in page.all("a")] == ["my%20results.json"]
    assert "again" not in Page(page_text(result)).text


@pytest.mark.parametrize("result", [made_up({"a": (0.5, ("FM",))}), lasot_like(400)], ids=["one", "hundreds"])
def test_any_number_of_sequences(result: EvaluationResult) -> None:
    page = Page(page_text(result))
    rows = page.tables[1][1:]
    assert len(rows) == len(result.sequences)
    scores = [float(row[1]) for row in rows]
    assert scores == sorted(scores)
    assert len(page_text(result)) < 1e6
