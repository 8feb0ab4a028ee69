// Command mint is the Lambda function behind API Gateway. It issues temporary tokens.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenmint/tokenmint/internal/mint"
	"github.com/tokenmint/tokenmint/internal/setup"
)

func main() {
	handler, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, "mint:", err)
		os.Exit(1)
	}
	lambda.Start(handler)
}

func build() (*mint.Handler, error) {
	parts, err := setup.FromEnvironment(os.Getenv, os.Stdout)
	if err != nil {
		return nil, err
	}
	return setup.Mint(parts)
}
