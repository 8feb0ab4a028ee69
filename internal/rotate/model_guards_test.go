package rotate_test

import "github.com/tokenmint/tokenmint/internal/rotate"

// guard is one of the things that keep rotation safe, and how to take it away from outside.
type guard struct {
	name   string
	remove func(a *actor, store rotate.Store, api rotate.Tokens, managed []rotate.Managed) (rotate.Store, rotate.Tokens)
}
