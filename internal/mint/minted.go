package mint

import (
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// latestEnd is how much later than asked a token may end. Mapbox rounds ends to seconds.
const latestEnd = time.Minute

// checkMinted refuses a reply of Mapbox that is not the token that was asked for. The token itself says more than the reply
// around it; what neither says is not checked. The errors show nothing of the token.
func checkMinted(got tokens.Temporary, username string, asked tokens.TemporaryRequest, now time.Time) error {
	if got.Token.Usage() != tokens.UsageTemporary {
		return errors.New("check reply of Mapbox: a token that is not temporary")
	}
	if err := checkEnd("the reply", got.Expires, asked.Expires, now); err != nil {
		return err
	}
	said, err := got.Token.Decode()
	if err != nil {
		return fmt.Errorf("check reply of Mapbox: a token that cannot be read: %w", err)
	}
	if said.User != username {
		return errors.New("check reply of Mapbox: a token of another account")
	}
	if !said.Expires.IsZero() {
		if err := checkEnd("the token", said.Expires, asked.Expires, now); err != nil {
			return err
		}
	}
	if more := beyond(asked.Scopes, said.Scopes); len(more) > 0 {
		return fmt.Errorf("check reply of Mapbox: a token with %d scopes that were not asked for", len(more))
	}
	return nil
}

// checkEnd refuses an end that is too soon to be of use, or later than asked.
func checkEnd(where string, end, asked, now time.Time) error {
	switch {
	case end.Sub(now) < min(config.ShortestLifetime, asked.Sub(now)-time.Second):
		return fmt.Errorf("check reply of Mapbox: a token that ends in %s, as %s says", end.Sub(now), where)
	case end.After(asked.Add(latestEnd)):
		return fmt.Errorf("check reply of Mapbox: a token that ends %s later than asked, as %s says", end.Sub(asked), where)
	}
	return nil
}
