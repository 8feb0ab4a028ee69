"""Checks stack-*.yaml of a release: python released.py FILE... It holds the promises of template.yaml, and takes code and policy from where
the parameters say."""

import pathlib
import sys

import isolation  # noqa: F401, adds its promises
import telemetry  # noqa: F401, adds its promises
from combinations import COMBINATIONS, KEY, NETWORK, PROXY
from promises import PROMISES
from stack import Stack
from samtranslator.yaml_helper import yaml_parse

PLACES = {
    "CodeBucket": "code",
    "MintCodeKey": "tokenmint/v1/mint.zip",
    "RotateCodeKey": "tokenmint/v1/rotate.zip",
    "PolicyLayerArn": "arn:aws:lambda:eu-central-1:123456789012:layer:tokenmint-prod:1",
}
# These look at the layer, which is not in the stack, and at a command that needs the source. check has the same for a released stack.
OF_THE_SOURCE = {
    "the_policy_is_a_layer", "a_version_follows_what_it_keeps", "changed_parameters_reach_the_mint", "a_version_description_is_short_enough",
    "outputs_say_what_to_type",
}


def version(text, parameters):
    made = Stack(PLACES | parameters, text)
    ((name, properties),) = made.of("AWS::Lambda::Version").items()
    return name, properties["Description"]


def check(text):
    declared = yaml_parse(text)["Parameters"]
    assert {n for n, d in declared.items() if "Default" not in d} == PLACES.keys()
    (architecture,) = declared["Architecture"]["AllowedValues"]
    for combination in ("as it is", "all routes", "another secret and key", "network and proxy", "everything"):
        made = Stack(PLACES | COMBINATIONS[combination], text)
        for promise in PROMISES:
            if promise.__name__ not in OF_THE_SOURCE:
                promise(made)
        for name in ("Mint", "Rotate"):
            function = made.resources[f"{name}Function"]["Properties"]
            assert function["Code"] == {"S3Bucket": "code", "S3Key": PLACES[f"{name}CodeKey"]}
            assert function["Layers"] == [PLACES["PolicyLayerArn"]]
            assert function["Architectures"] == [architecture]
        assert not made.of("AWS::Lambda::LayerVersion")
        assert made.outputs["NextPutParent"].endswith(" tokenmint bootstrap")

    # What another version of the mint is for: code, policy, and all settings that a version keeps.
    before = NETWORK | PROXY | COMBINATIONS["jwt"]
    changes = {
        "MintCodeKey": "tokenmint/v2/mint.zip", "PolicyLayerArn": PLACES["PolicyLayerArn"][:-1] + "2", "KmsKeyArn": KEY, "Stage": "dev",
        "SubnetIds": "subnet-00000001", "SecurityGroupIds": "sg-00000001", "HttpsProxy": "http://another.example.com", "NoProxy": "localhost",
        "LogLevel": "DEBUG", "MintConcurrency": "7", "JwtRequestsPerSecond": "31",
    }
    for name, value in changes.items():
        assert version(text, before | {name: value}) != version(text, before), name
    assert version(text, before | {"RotateCodeKey": "tokenmint/v2/rotate.zip"}) == version(text, before)
    # Lambda takes 256 characters. The layer's name and number have the 36 that those of template.yaml have at most.
    assert "layer:[A-Za-z0-9_-]{1,26}:[1-9][0-9]{0,8}" in declared["PolicyLayerArn"]["AllowedPattern"]


for file in sys.argv[1:]:
    check(pathlib.Path(file).read_text())
