// Command rotate is the Lambda function that runs on a schedule. It replaces permanent tokens
// before they are too old.
package main

import (
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/tokenmint/tokenmint/internal/rotate"
	"github.com/tokenmint/tokenmint/internal/setup"
)

func main() {
	handler, err := build()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rotate:", err)
		os.Exit(1)
	}
	lambda.Start(handler.Handle)
}

func build() (*rotate.Handler, error) {
	parts, err := setup.FromEnvironment(os.Getenv, os.Stdout)
	if err != nil {
		return nil, err
	}
	return setup.Rotate(parts)
}
