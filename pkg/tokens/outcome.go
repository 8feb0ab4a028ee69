package tokens

import "errors"

// Outcome says whether an operation that returned an error has had its effect.
type Outcome int

const (
	// OutcomeUnknown means that the operation may have had its effect. It is the zero value,
	// because it is the safe reading of an error that says nothing.
	OutcomeUnknown Outcome = iota
	// OutcomeDidNotHappen means that the operation certainly had no effect.
	OutcomeDidNotHappen
	// OutcomeHappened means that the server reported success, but the client could not read the
	// reply. The operation has had its effect.
	OutcomeHappened
)

// String returns the outcome in words: "unknown", "did not happen" or "happened".
func (o Outcome) String() string {
	switch o {
	case OutcomeDidNotHappen:
		return "did not happen"
	case OutcomeHappened:
		return "happened"
	default:
		return "unknown"
	}
}

// OutcomeOf returns the outcome that err reports. It returns [OutcomeHappened] for nil, and
// [OutcomeUnknown] for an error that contains no [Error].
func OutcomeOf(err error) Outcome {
	if err == nil {
		return OutcomeHappened
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Outcome
	}
	return OutcomeUnknown
}
