package aws

import (
	"errors"
	"net/http"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// fault is an error in the form of the protocol.
type fault struct {
	status  int
	Code    string `json:"__type"`
	Message string `json:"message"`
}

func (f fault) Error() string { return f.Code + ": " + f.Message }

var (
	errSerialization = fault{http.StatusBadRequest, "SerializationException",
		"the body is not the JSON of a request"}
	errBinary = fault{http.StatusBadRequest, "InvalidParameterException",
		"SecretBinary is not supported: store text as SecretString"}
)

// faultOf returns the fault for an error of the store. An error that is a fault stays as it is.
func faultOf(err error) fault {
	if f, ok := errors.AsType[fault](err); ok {
		return f
	}
	refusal := func(code string) fault { return fault{http.StatusBadRequest, code, err.Error()} }
	switch {
	case errors.Is(err, secrets.ErrNotFound):
		return refusal("ResourceNotFoundException")
	case errors.Is(err, secrets.ErrExists):
		return refusal("ResourceExistsException")
	case errors.Is(err, secrets.ErrInvalid), errors.Is(err, secrets.ErrConflict):
		// The service has one code for both.
		return refusal("InvalidParameterException")
	}
	return fault{http.StatusInternalServerError, "InternalServiceError", err.Error()}
}
