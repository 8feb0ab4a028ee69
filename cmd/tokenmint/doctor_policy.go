package main

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/tokenmint/tokenmint/config"
)

// checkPolicy compares the policy in the layer of the functions with the local one.
func (e examination) checkPolicy(ctx context.Context, mint, rotate, endpoint string) {
	if mint == "" || rotate == "" {
		e.note("policy: MINT_FUNCTION or ROTATE_FUNCTION is not set, so the deployed policy is " +
			"not compared")
		return
	}
	client := lambda.NewFromConfig(e.settings.AWS.Client(endpoint))
	layer, ok := e.layerOf(ctx, client, mint, "live")
	if !ok {
		return
	}
	other, ok := e.layerOf(ctx, client, rotate, "")
	if !ok {
		return
	}
	if layer != other {
		e.note("policy: the mint reads %s, and rotate reads %s: a deployment is under way, or "+
			"one was stopped; if it stays like this, deploy again", layerName(layer),
			layerName(other))
	}
	if layer == "" {
		e.note("policy: the functions have no layer, so their policy was compiled in")
		return
	}
	e.comparePolicy(ctx, client, layer)
}

// shownChanges is how many differences of two policies doctor shows.
const shownChanges = 3

func (e examination) comparePolicy(ctx context.Context, client *lambda.Client, layer string) {
	name := layerName(layer)
	deployed, err := deployedPolicy(ctx, client, layer)
	if err != nil {
		e.wrong("policy: %s: %v; %s", name, withoutRequest(err), awsRemedy(err,
			"lambda:GetLayerVersion", "deploy again: somebody deleted this version of the layer"))
		return
	}
	changes := differenceOf(deployed, e.config).Changes
	if len(changes) == 0 {
		e.ok("policy: the mint reads %s, which is equal to the local policy", name)
		return
	}
	var shown []string
	for _, c := range changes[:min(len(changes), shownChanges)] {
		shown = append(shown, c.String())
	}
	if more := len(changes) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("and %d more", more))
	}
	e.wrong("policy: the mint reads %s, and the local policy differs (%s): deploy it, or name "+
		"the deployed file with --config", name, strings.Join(shown, "; "))
}

// layerName returns the name and the number in the ARN of a layer version.
func layerName(arn string) string {
	_, name, ok := strings.Cut(arn, ":layer:")
	if !ok {
		return "no layer"
	}
	return name
}

// layerOf returns the ARN of the layer version that has a function's policy, or "". An empty
// qualifier means the unpublished function. If the function cannot be read, layerOf says so and
// returns false.
func (e examination) layerOf(
	ctx context.Context, client *lambda.Client, function, qualifier string,
) (arn string, ok bool) {
	input := &lambda.GetFunctionConfigurationInput{FunctionName: &function}
	if qualifier != "" {
		input.Qualifier = &qualifier
	}
	reply, err := client.GetFunctionConfiguration(ctx, input)
	if err != nil {
		e.wrong("policy: function %s: %v; %s", function, withoutRequest(err), awsRemedy(err,
			"lambda:GetFunctionConfiguration", "load the output Variables again"))
		return "", false
	}
	for _, layer := range reply.Layers {
		if arn := aws.ToString(layer.Arn); strings.Contains(arn, ":layer:tokenmint-") {
			return arn, true
		}
	}
	return "", true
}

// deployedPolicy reads the policy in a layer version.
func deployedPolicy(
	ctx context.Context, client *lambda.Client, layer string,
) (*config.Config, error) {
	reply, err := client.GetLayerVersionByArn(ctx, &lambda.GetLayerVersionByArnInput{Arn: &layer})
	if err != nil {
		return nil, err
	}
	if reply.Content == nil {
		return nil, errors.New("it has no content")
	}
	packed, err := download(ctx, aws.ToString(reply.Content.Location))
	if err != nil {
		return nil, errors.New("its content cannot be downloaded") // the address is a credential
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil {
		return nil, err
	}
	file, err := archive.Open("tokenmint.yaml")
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(file, config.LargestFile+1))
	if err != nil {
		return nil, err
	}
	return config.Parse("tokenmint.yaml", text)
}

// largestZip is more than the zip of the largest policy has, in bytes.
const largestZip = 1 << 20

// download returns what is at an address.
func download(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	reply, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode != http.StatusOK {
		return nil, errors.New(reply.Status)
	}
	return io.ReadAll(io.LimitReader(reply.Body, largestZip))
}
