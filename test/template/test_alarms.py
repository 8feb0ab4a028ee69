"""Each alarm of the transformed template rings through the events that it is for, and through no others.

test/alarms plays the events with the real handlers. Their metrics are read from the lines that they log. What AWS counts itself is modelled
there.
"""

import functools
import json
import re
import subprocess

import pytest
import insights
from cloudwatch import Alarm, embedded
from guards import without
from stack import ROOT, Stack, text
from telemetry import ALARMS, WRITTEN


@functools.cache
def alarms(template=None):
    """By name, with the words of test/alarms for what AWS names: functions, the API, the queue, and the newest version, 2."""
    made = json.dumps(Stack(template=template).of("AWS::CloudWatch::Alarm"))
    made = re.sub(r"Version:of:MintFunctionVersion\w+", "2", made)
    return {name: Alarm(a) for name, a in json.loads(re.sub(r"ref:|QueueName:of:", "", made)).items()}


@pytest.fixture(scope="session", name="played")
def play(tmp_path_factory):
    """The scenarios by name. Each has what CloudWatch gets."""
    out = tmp_path_factory.mktemp("alarms") / "played.json"
    command = ["go", "test", "-count=1", "./test/alarms", f"-alarms.out={out}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    scenarios = {s["name"]: s for s in json.loads(out.read_text())}
    for s in scenarios.values():
        s["data"] = [d for line in s["lines"] if line for d in embedded(line)]
        s["data"] += [(c["namespace"], c["name"], c["dimensions"], c["value"], c["at"]) for c in s["counts"]]
    return scenarios


def ringing(scenario, template=None):
    return {name for name, a in alarms(template).items() if a.rings(scenario["data"], scenario["start"], scenario["end"])}


def test_alarms_ring_for_their_events_alone(played):
    got = {name: sorted(ringing(s)) for name, s in played.items()}
    assert got == {name: sorted(s["rings"]) for name, s in played.items()}


def test_every_alarm_rings_once(played):
    assert {name for s in played.values() for name in s["rings"]} == ALARMS


# What keeps an alarm quiet, or lets it ring: (scenario, guard in the template, what stands instead).
GUARDS = [
    ("Mapbox is down while a fix is deployed", "traffic > 0 AND newest == stage, newest", "traffic > 0, newest"),
    ("the secret holds no token", "traffic > 0 AND newest == stage, newest", "newest == stage, newest"),
    ("a new stack before bootstrap", "      MetricName: ParentAge\n", "      MetricName: Age\n"),
    ("the schedule is gone", "      TreatMissingData: breaching\n", "      TreatMissingData: notBreaching\n"),
    ("the parent may grow older than the alarm", "MetricName: ParentAge, Dimensions", "MetricName: Age, Dimensions"),
    ("an additional token cannot be created", "Expression: overdue / 3600", "Expression: overdue / 86400"),
    ("callers are refused", "      MetricName: Denials\n", "      MetricName: Refusals\n"),
]


@pytest.mark.parametrize(("scenario", "guard", "instead"), GUARDS)
def test_alarms_break_without_their_guard(played, scenario, guard, instead):
    s = played[scenario]
    assert ringing(s) == set(s["rings"])
    assert ringing(s, without(text(), guard, instead)) != set(s["rings"])


def test_exactly_these_metrics_are_written(played):
    """By the stage, and errors by the version too."""
    written = {(name, *dimensions) for s in played.values() for namespace, name, dimensions, *_ in s["data"] if namespace == "tokenmint"}
    assert written == {(name, "Stage") for name in WRITTEN} | {("Errors", "Stage", "Version")}


def test_denials_of_strangers_have_no_metric(played):
    data = played["strangers are refused on the public route"]["data"]
    assert {name for namespace, name, *_ in data if namespace == "tokenmint"} == {"ParentAge"}


def answer(played, scenario, query, **words):
    """The rows of a saved query over the lines of a scenario, with the words that a person puts in."""
    (text,) = [q["QueryString"] for q in Stack().of("AWS::Logs::QueryDefinition").values() if q["Name"] == f"tokenmint/{query}"]
    for placeholder, word in words.items():
        assert placeholder.replace("_", " ") in text
        text = text.replace(placeholder.replace("_", " "), word)
    lines = [json.loads(line) for line in played[scenario]["lines"]]
    of_mint = [line | {"@timestamp": line["timestamp"]} for line in lines if "apiRequestId" in line]  # the rotator has its own group
    return insights.run(text, of_mint)


QUIET = "a quiet day with a deployment"


def test_queries_say_where_tokens_came_from_and_how_fast(played):
    rows = answer(played, QUIET, "where tokens came from")
    assert {row["profile"] for row in rows} == {"web", "batch", "page"} and sum(row["requests"] for row in rows) == 8 * 60 * 4
    (minted,) = [row for row in rows if row["profile"] == "batch"]
    assert minted["source"] == "minted" and minted["callsToMapbox"] == minted["requests"] and 0 < minted["leastBudgetLeft"] < 20
    rows = answer(played, QUIET, "latency by profile")
    assert {row["profile"] for row in rows} == {"web", "batch", "page"}
    assert all(row["p50"] <= row["p99"] <= row["slowest"] for row in rows)


def test_queries_lead_from_a_caller_to_a_hash_and_back(played):
    batch, web = (f"arn:aws:iam::123456789012:role/{name}" for name in ("batch", "web"))
    tokens = answer(played, QUIET, "what did this caller get", CALLER=batch)
    assert len({row["tokenHash"] for row in tokens}) == len(tokens) == 8 * 60
    (row,) = answer(played, QUIET, "who got the token with this hash", HASH_FROM_tokenmint_hash=tokens[0]["tokenHash"])
    assert (row["caller"], row["profile"], row["source"]) == (batch, "batch", "minted")
    shared = answer(played, QUIET, "what did this caller get", CALLER=web)[0]["tokenHash"]
    rows = answer(played, QUIET, "who got the token with this hash", HASH_FROM_tokenmint_hash=shared)
    assert len(rows) > 1 and {row["caller"] for row in rows} == {web} and rows[0]["source"] == "minted"


def test_query_shows_refusals(played):
    rows = answer(played, "strangers are refused on the public route", "last refusals and failures")
    assert len(rows) == 100 and {(row["status"], row["code"]) for row in rows} == {(403, "origin_not_allowed")}
    assert all(row["cause"] and row["route"] == "GET /public/tokens/{profile}" for row in rows)
