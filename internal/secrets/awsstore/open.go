package awsstore

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
)

// Open returns a store with a new client. It makes no request.
func Open(config aws.Config) *Store { return New(secretsmanager.NewFromConfig(config)) }
