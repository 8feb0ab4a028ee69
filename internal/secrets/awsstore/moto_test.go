//go:build moto

package awsstore_test

import (
	"testing"

	"github.com/tokenmint/tokenmint/internal/secrets"
	"github.com/tokenmint/tokenmint/internal/secrets/storetest"
	"github.com/tokenmint/tokenmint/internal/testkit/moto"
)

// motoErrs has the cases in which moto differs from the service, with the reason. See package moto.
var motoErrs = map[string]string{
	"get":                       "it dates versions by its own clock, in whole seconds",
	"get what does not exist":   "a label that cannot move is lost",
	"put again":                 "a pending version gets the labels of the second put",
	"put another value":         "a pending version is overwritten",
	"put what is invalid":       "it has no limits",
	"concurrent puts of one id": "a pending version is overwritten",
	"roll back":                 "without an id it reads what was put as current last",
	"move again":                "a label is on its version twice",
	"move from elsewhere":       "a label that is taken from nowhere stays where it was, too",
	"move what is invalid":      "AWSCURRENT can be taken off, and there is no limit to labels",
}

// The store passes the suite over moto, which is an independent simulation of the service.
func TestStoreConformsOverMoto(t *testing.T) {
	t.Parallel()
	storetest.RunExcept(t, motoErrs, func(t *testing.T) (secrets.Store, storetest.Service) {
		return moto.Secrets(moto.Endpoint(t), moto.Account())
	})
}
