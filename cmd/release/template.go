package main

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"strings"
)

// edit replaces a text that occurs once.
type edit struct{ old, with string }

// apply makes the edits of template.yaml in their order.
func apply(text string, edits ...edit) (string, error) {
	for _, e := range edits {
		if n := strings.Count(text, e.old); n != 1 {
			return "", fmt.Errorf("template.yaml has %q %d times, want once", e.old, n)
		}
		text = strings.Replace(text, e.old, e.with, 1)
	}
	return text, nil
}

// onlyFor allows no other processor.
func onlyFor(p processor) edit {
	return edit{
		"    Default: arm64\n    AllowedValues: [arm64, x86_64]\n",
		"    Default: " + p.name + "\n    AllowedValues: [" + p.name + "]\n",
	}
}

// writeTemplate writes the template that the SAM CLI deploys, for one processor. It names the zips
// for p, and the policy file beside it, instead of folders of the repository.
//
// SAM puts the policy into a zip when it deploys. So an operator edits the file and needs no zip,
// and the same policy gets the same name.
func writeTemplate(dir string, from source, p processor) error {
	edits := []edit{
		onlyFor(p), {"      ContentUri: policy\n", "      ContentUri: " + policy + "\n"},
	}
	for _, function := range functions {
		edits = append(edits, edit{"      CodeUri: functions/" + function + "\n",
			"      CodeUri: " + zipName(function, p) + "\n"})
	}
	text, err := apply(from.template, edits...)
	if err != nil {
		return err
	}
	return publish(filepath.Join(dir, "template-"+p.name+".yaml"), text)
}

// placeParameters say where the code and the policy of a stack are. They have no defaults: an old
// address in a new template would deploy old code.
//
// The layer's name and number are in the description of the mint's version, which holds 36
// characters for them.
//
//go:embed places.yaml
var placeParameters string

// kept is what a version of the mint keeps, besides its code. SAM publishes a version for another
// name of the code, and CloudFormation never selects the second text.
const kept = `
        Bucket: !Ref CodeBucket
        Key: !Select
          - 0
          - - !Ref MintCodeKey
            - !Sub "${Stage} ${KmsKeyArn} ${SubnetIds} ${SecurityGroupIds} ${HttpsProxy} ${NoProxy}"
`

// writeStack writes the template that CloudFormation deploys without the SAM CLI, for one
// processor. The code is in a bucket, and the policy is in a layer.
func writeStack(dir string, from source, p processor) error {
	text := from.template
	start := strings.Index(text, "  # The policy. SAM names")
	end := strings.Index(text, "  # Empty until a person stores")
	if start < 0 || end < start {
		return fmt.Errorf("template.yaml has no layer before the secret")
	}
	text, err := apply(text[:start]+text[end:],
		onlyFor(p),
		edit{"    ParameterGroups:\n", "    ParameterGroups:\n" +
			"      - Label: {default: Code and policy}\n" +
			"        Parameters: [CodeBucket, MintCodeKey, RotateCodeKey, PolicyLayerArn]\n"},
		edit{"Parameters:\n  Stage:\n",
			"Parameters:\n" + strings.ReplaceAll(placeParameters, "PROCESSOR", p.name) +
				"  Stage:\n"},
		edit{"    Layers: [!Ref Policy]\n", "    Layers: [!Ref PolicyLayerArn]\n"},
		edit{`!Split [":layer:", !Ref Policy]`, `!Split [":layer:", !Ref PolicyLayerArn]`},
		edit{" functions/mint\n", kept},
		edit{" functions/rotate\n", " {Bucket: !Ref CodeBucket, Key: !Ref RotateCodeKey}\n"},
	)
	if err != nil {
		return err
	}
	return publish(filepath.Join(dir, "stack-"+p.name+".yaml"), text)
}
