"""A stack as CloudFormation would make it of template.yaml and some parameters: SAM's transform, then conditions, then references.

What only AWS can tell stays a word of its own: the ARN of a resource becomes "arn:of:<logical id>", its reference "ref:<logical id>".
"""

import json
import pathlib
import re
import zlib

import yaml
from samtranslator.parser.parser import Parser
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import intrinsics_multi_constructor


ROOT = pathlib.Path(__file__).parents[2]
ACCOUNT, REGION = "123456789012", "eu-central-1"
PSEUDO = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackName": "tokenmint",
    "AWS::URLSuffix": "amazonaws.com",
}
NOTHING = object()  # AWS::NoValue


class NoManagedPolicies:
    """SAM asks for AWS's managed policies by name; the template names none."""

    def load(self):
        return {}


def text():
    return (ROOT / "template.yaml").read_text()


def check(name, declared, value):
    """CloudFormation's own checks of a parameter's value, which must match the whole pattern."""
    values = value.split(",") if declared["Type"] == "CommaDelimitedList" else [value]
    for v in values:
        if "AllowedPattern" in declared and not re.fullmatch(declared["AllowedPattern"], v):
            raise ValueError(f"{name}: {v!r} does not match {declared['AllowedPattern']}")
        if "AllowedValues" in declared and v not in [str(a) for a in declared["AllowedValues"]]:
            raise ValueError(f"{name}: {v!r} is none of the allowed values")
        if len(v) > declared.get("MaxLength", 4096):
            raise ValueError(f"{name}: {v!r} is too long")
        if "MinValue" in declared and not declared["MinValue"] <= float(v) <= declared.get("MaxValue", float("inf")):
            raise ValueError(f"{name}: {v!r} is out of range")


class Loader(yaml.CSafeLoader):
    """SAM's own reader of templates in C: reading is most of the time of these tests."""


Loader.add_multi_constructor("!", intrinsics_multi_constructor)


class Stack:
    """template: the text; parameters and pseudo-parameters: those that differ from their defaults."""

    def __init__(self, parameters=None, template=None, pseudo=None):
        self.template = template or text()
        self.pseudo = PSEUDO | (pseudo or {})
        source = yaml.load(self.template, Loader)
        given = dict(parameters or {})
        self.parameters = {}
        for name, declared in source["Parameters"].items():
            value = str(given.pop(name) if name in given else declared["Default"])
            check(name, declared, value)
            self.parameters[name] = value
        if given:
            raise ValueError(f"no such parameters: {sorted(given)}")

        # SAM reads local folders and makes nothing of them; CloudFormation knows buckets only.
        for resource in source["Resources"].values():
            for name in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
                if isinstance(resource["Properties"][name], str):  # a released stack names a bucket itself
                    resource["Properties"][name] = f"s3://code/{resource['Properties'][name]}"
        self.transformed = transform(source, dict(self.parameters), NoManagedPolicies(), passthrough_metadata=True)
        self.lists = {n for n, p in self.transformed["Parameters"].items() if p["Type"] == "CommaDelimitedList"}
        self.conditions = self.transformed.get("Conditions", {})
        self.rules = [a for r in self.transformed.get("Rules", {}).values() for a in r["Assertions"]]

        self.resources = {
            name: self.resolve({k: v for k, v in resource.items() if k != "Condition"})
            for name, resource in self.transformed["Resources"].items()
            if "Condition" not in resource or self.holds(resource["Condition"])
        }
        self.outputs = {
            name: self.resolve(output["Value"])
            for name, output in self.transformed["Outputs"].items()
            if "Condition" not in output or self.holds(output["Condition"])
        }

    def broken_rules(self):
        return [a["AssertDescription"] for a in self.rules if not self.resolve(a["Assert"])]

    def holds(self, condition):
        return self.resolve(self.conditions[condition])

    def of(self, kind):
        return {n: r["Properties"] for n, r in self.resources.items() if r["Type"] == kind}

    def resolve(self, node):
        if isinstance(node, list):
            return [v for v in map(self.resolve, node) if v is not NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            (key, argument), = node.items()
            known = {
                "Ref": self._ref,
                "Condition": lambda a: self.holds(a) if isinstance(a, str) else NOTHING,
                "Fn::If": lambda a: self.resolve(a[1] if self.holds(a[0]) else a[2]),
                "Fn::Equals": lambda a: str(self.resolve(a[0])) == str(self.resolve(a[1])),
                "Fn::Not": lambda a: not self.resolve(a[0]),
                "Fn::And": lambda a: all(self.resolve(a)),
                "Fn::Or": lambda a: any(self.resolve(a)),
                "Fn::Join": lambda a: a[0].join(map(str, self.resolve(a[1]))),
                "Fn::Select": lambda a: self.resolve(a[1])[a[0]],
                "Fn::Split": lambda a: self.resolve(a[1]).split(a[0]),
                "Fn::Select": lambda a: self.resolve(a[1])[int(a[0])],
                "Fn::GetAtt": self._attribute,
                "Fn::Sub": self._sub,
                "Fn::FindInMap": lambda a: self.resolve(self.transformed["Mappings"][a[0]][self.resolve(a[1])][a[2]]),
            }.get(key)
            if known and not (key == "Condition" and not isinstance(argument, str)):
                return known(argument)
        resolved = {k: self.resolve(v) for k, v in node.items()}
        return {k: v for k, v in resolved.items() if v is not NOTHING}

    def _ref(self, name):
        if name == "AWS::NoValue":
            return NOTHING
        if name in self.pseudo:
            return self.pseudo[name]
        if name in self.parameters:
            value = self.parameters[name]
            return [v for v in value.split(",") if v] if name in self.lists else value
        self._must_exist(name)
        # A secret's, a topic's and a version's reference is its ARN.
        kind = self.transformed["Resources"][name]["Type"]
        if kind == "AWS::Lambda::LayerVersion":  # each resource of it gets a number, here from its name, which SAM makes of the content
            properties = self.resolve(self.transformed["Resources"][name]["Properties"])
            return (
                f"arn:{self.pseudo['AWS::Partition']}:lambda:{self.pseudo['AWS::Region']}:{ACCOUNT}"
                f":layer:{properties['LayerName']}:{zlib.crc32(name.encode())}"
            )
        return f"arn:of:{name}" if kind in ("AWS::SecretsManager::Secret", "AWS::Lambda::Alias") else f"ref:{name}"

    def _attribute(self, argument):
        name, attribute = argument if isinstance(argument, list) else argument.split(".", 1)
        self._must_exist(name)
        if attribute != "Arn":
            return f"{attribute}:of:{name}"
        # A log group's ARN ends with all its streams.
        star = ":*" if self.transformed["Resources"][name]["Type"] == "AWS::Logs::LogGroup" else ""
        return f"arn:of:{name}{star}"

    def _sub(self, argument):
        body, variables = argument if isinstance(argument, list) else (argument, {})

        def value(match):
            name = match[1]
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name in variables:
                return str(self.resolve(variables[name]))
            return str(self._attribute(name) if "." in name else self._ref(name))

        return re.sub(r"\$\{([^}]+)\}", value, body)

    def _must_exist(self, name):
        resource = self.transformed["Resources"].get(name)
        if resource is None:
            raise ValueError(f"no resource {name}")
        if "Condition" in resource and not self.holds(resource["Condition"]):
            raise ValueError(f"{name} is named where its condition {resource['Condition']} does not hold")
