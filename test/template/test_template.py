"""template.yaml, transformed as AWS would, for each combination of parameters that changes what is made."""

import functools
import json
import re

import cfnlint.api
import guards
import isolation  # noqa: F401, adds its promises
import pytest
import telemetry  # noqa: F401, adds its promises
from combinations import COMBINATIONS, DOMAIN, JWT, LINTED, NETWORK, REFUSED
from promises import PROMISES
from samtranslator.yaml_helper import yaml_parse
from stack import REGION, ROOT, Stack, text

NAMES = {p.__name__: p for p in PROMISES}


@functools.cache
def stack(combination):
    return Stack(COMBINATIONS[combination])


@pytest.mark.parametrize("combination", COMBINATIONS)
def test_transforms(combination):
    assert not stack(combination).broken_rules()


@pytest.mark.parametrize("combination", LINTED)
def test_lints(combination):
    made = stack(combination)
    with_values = json.loads(json.dumps(made.transformed))
    for name, value in made.parameters.items():
        declared = with_values["Parameters"][name]
        declared["Default"] = int(value) if declared["Type"] == "Number" else value
    found = cfnlint.api.lint(json.dumps(with_values), regions=[REGION])
    # SAM writes the deployment's type out, so that the parameter is left over.
    leftover = "Parameter DeploymentType not used."
    assert not [f"{m.rule.id} {m.message} at {m.path}" for m in found if (m.rule.id, m.message) != ("W2001", leftover)]


@pytest.mark.parametrize("combination", COMBINATIONS)
@pytest.mark.parametrize("promise", NAMES)
def test_promise(promise, combination):
    NAMES[promise](stack(combination))


@pytest.mark.parametrize(("promise", "combination", "guard", "instead"), guards.GUARDS)
def test_promise_breaks_without_its_guard(promise, combination, guard, instead):
    broken = Stack(COMBINATIONS[combination], guards.without(text(), guard, instead))
    with pytest.raises(AssertionError):
        NAMES[promise](broken)


def test_every_promise_has_a_guard():
    assert {promise for promise, *_ in guards.GUARDS} == NAMES.keys()


def version(parameters=None, template=None):
    """What tells CloudFormation whether a version is another one: it replaces a version whose description changes."""
    stack = Stack(parameters, template)
    ((name, properties),) = stack.of("AWS::Lambda::Version").items()
    return name, properties["Description"]


def test_another_policy_reaches_the_mint():
    """Two contents of the layer are two layer versions, and two versions of the mint. With AutoPublishAliasAllProperties instead of the
    layer in the description they would be one version, and the mint would keep the old policy."""
    another = ("      ContentUri: policy\n", "      ContentUri: policy-2\n")
    one, two = Stack(), Stack(None, guards.without(text(), *another))
    assert one.of("AWS::Lambda::LayerVersion").keys() != two.of("AWS::Lambda::LayerVersion").keys()
    trap = guards.without(text(), "      AutoPublishAlias: live\n", "      AutoPublishAlias: live\n      AutoPublishAliasAllProperties: true\n")
    trap = guards.without(trap, "        - ${Layer} ", "        - ")
    assert version(template=guards.without(trap, *another)) == version(template=trap)
    assert version(template=guards.without(text(), *another)) != version()


# Lambda refuses a version for a function that has not changed, and the deployment fails.
SAME_VERSION = {
    "a tag of the functions": ("    Tags: {application: tokenmint, stage: !Ref Stage}\n\nResources:", "    Tags: {application: tokenmint, team: maps}\n\nResources:"),
    "no tag of the functions": ("    Tags: {application: tokenmint, stage: !Ref Stage}\n\nResources:", "\nResources:"),
    "a tag of the mint": ("      CodeUri: functions/mint\n", "      CodeUri: functions/mint\n      Tags: {team: maps}\n"),
    "concurrency": ("!If [MintIsReserved, !Ref MintConcurrency, !Ref AWS::NoValue]", "20"),
    "an alarm": ("      Threshold: 2000\n", "      Threshold: 3000\n"),
    "the timeout of the rotator": ("      Timeout: 300\n", "      Timeout: 200\n"),
}
OTHER_VERSION = {
    "code": ("      CodeUri: functions/mint\n", "      CodeUri: functions/mint-2\n"),
    "memory": ("    MemorySize: 256\n", "    MemorySize: 512\n"),
    "the timeout": ("    Timeout: {Seconds: 15}\n", "    Timeout: {Seconds: 20}\n"),
    "a variable": ("          TOKEN_TABLE: !Ref TokenTable\n", "          TOKEN_TABLE: !Ref TokenTable\n          NEW: '1'\n"),
    "the policy": ("      ContentUri: policy\n", "      ContentUri: policy-2\n"),
    "a variable of both functions": ("        STAGE: !Ref Stage\n", "        STAGE: !Sub 'x-${Stage}'\n"),
}


@pytest.mark.parametrize("change", SAME_VERSION)
def test_change_needs_no_version(change):
    assert version(template=guards.without(text(), *SAME_VERSION[change])) == version()


@pytest.mark.parametrize("change", OTHER_VERSION)
def test_change_makes_a_version(change):
    assert version(template=guards.without(text(), *OTHER_VERSION[change])) != version()


def test_parameters_make_a_version():
    """Those and only those that stand in the mint's variables, its key and its network, without what is for sam local."""
    values = {name: value for c in COMBINATIONS.values() for name, value in c.items()} | {"TokensApiUrl": "https://mapbox.example.com"}
    values |= {"JwtRequestsPerSecond": "31", "CustomRequestsPerSecond": "41", "PublicRequestsPerSecond": "51"}
    routes = COMBINATIONS["all routes"]
    values |= {"SubnetIds": "subnet-00000001", "SecurityGroupIds": "sg-00000001"}
    before = routes | NETWORK
    changing = {name for name, value in values.items() if version(before | {name: value}) != version(before)}
    assert changing == {
        "Stage", "LogLevel", "MintConcurrency", "TokensApiUrl", "ParentSecretArn",
        "RequestsPerSecond", "JwtRequestsPerSecond", "CustomRequestsPerSecond", "PublicRequestsPerSecond",
        "KmsKeyArn", "SubnetIds", "SecurityGroupIds", "HttpsProxy", "NoProxy",
    }


PARTITIONS = {
    "aws": ("eu-central-1", "amazonaws.com", "console.aws.amazon.com"),
    "aws-cn": ("cn-north-1", "amazonaws.com.cn", "console.amazonaws.cn"),
    "aws-us-gov": ("us-gov-west-1", "amazonaws.com", "console.amazonaws-us-gov.com"),
}


@pytest.mark.parametrize("partition", PARTITIONS)
def test_partition(partition):
    """Every ARN is of the stack's partition, and every host name ends as they do there. Names of services are the same everywhere."""
    region, suffix, console = PARTITIONS[partition]
    pseudo = {"AWS::Partition": partition, "AWS::Region": region, "AWS::URLSuffix": suffix}
    given = {name: value.replace("arn:aws:", f"arn:{partition}:") for name, value in COMBINATIONS["another secret and key"].items()}
    made = Stack(given | {"NativeRotationSchedule": "rate(30 days)", "CreateDashboard": "true"}, pseudo=pseudo)
    everything = json.dumps([made.resources, made.outputs])
    assert set(re.findall(r"arn:(aws[a-z-]*):", everything)) == {partition}
    via = set(re.findall(r'"kms:ViaService": "([^"]+)"', everything))
    assert via == {f"{service}.{region}.{suffix}" for service in ("secretsmanager", "dynamodb", "sqs")}
    assert made.outputs["MintUrl"] == f"https://ref:Api.execute-api.{region}.{suffix}"
    assert made.outputs["DashboardUrl"].startswith(f"https://{console}/cloudwatch/home?region={region}#")
    services = r"(lambda|codedeploy|scheduler|apigateway|events|secretsmanager)\.amazonaws\.com"
    others = re.sub(rf'"{services}"', "", everything)
    assert not [host for host in re.findall(r"[\w.:-]+\.amazonaws\.com[\w.]*", others) if not host.endswith(f"{region}.{suffix}")]


@pytest.mark.parametrize(("name", "value"), REFUSED)
def test_refuses(name, value):
    with pytest.raises(ValueError, match=name):
        Stack({name: value})


@pytest.mark.parametrize("half", [{k: v} for k, v in (JWT | DOMAIN | NETWORK).items()], ids=lambda h: next(iter(h)))
def test_refuses_half_of_a_pair(half):
    (rule,) = Stack(half).broken_rules()
    assert next(iter(half)) in rule


def test_exceptions_from_checkov_have_reasons():
    """Each exception stands on its resource and says in a sentence why. CI runs checkov with these alone."""
    found = {
        (name, skip["id"]): skip["comment"]
        for name, resource in yaml_parse(text())["Resources"].items()
        for skip in resource.get("Metadata", {}).get("checkov", {}).get("skip", [])
    }
    assert found.keys() == {
        ("TokenTable", "CKV_AWS_28"), ("TokenTable", "CKV_AWS_119"), ("MintFunction", "CKV_AWS_116"), ("RotateFunction", "CKV_AWS_116"),
    }
    assert all(len(reason.split()) >= 8 for reason in found.values())


def test_deploy_page_lists_every_parameter():
    page = (ROOT / "docs/deploy.md").read_text().partition("\n## Parameters\n")[2].partition("\n### ")[0]
    assert dict(re.findall(r"^\| `(\w+)` \| (?:`([^`]+)` )?\| ", page, re.M)) == Stack().parameters
