package mint

import (
	"errors"
	"fmt"
	"time"

	"github.com/tokenmint/tokenmint/config"
	"github.com/tokenmint/tokenmint/pkg/tokens"
)

// latestEnd is how much later than asked a token may end. Mapbox rounds times to seconds.
const latestEnd = time.Minute

// checkMinted refuses a reply of Mapbox that is not the token that was asked for. It checks the
// reply and, as far as the token says it, the payload of the token. Its errors have no part of the
// token.
func checkMinted(
	got tokens.Temporary, username string, asked tokens.TemporaryRequest, now time.Time,
) error {
	if got.Token.Usage() != tokens.UsageTemporary {
		return errors.New("check reply of Mapbox: the token is not temporary")
	}
	if err := checkEnd("the reply", got.Expires, asked.Expires, now); err != nil {
		return err
	}
	said, err := got.Token.Decode()
	if err != nil {
		return fmt.Errorf("check reply of Mapbox: the token cannot be read: %w", err)
	}
	if said.User != username {
		return errors.New("check reply of Mapbox: the token belongs to another account")
	}
	if !said.Expires.IsZero() {
		if err := checkEnd("the token", said.Expires, asked.Expires, now); err != nil {
			return err
		}
	}
	if more := beyond(asked.Scopes, said.Scopes); len(more) > 0 {
		return fmt.Errorf("check reply of Mapbox: the token has %d scopes too many", len(more))
	}
	return nil
}

// checkEnd refuses an end that is too soon to be useful, or later than asked. where names the
// source of end.
func checkEnd(where string, end, asked, now time.Time) error {
	switch {
	case end.Sub(now) < min(config.ShortestLifetime, asked.Sub(now)-time.Second):
		return fmt.Errorf("check reply of Mapbox: %s ends in %s", where, end.Sub(now))
	case end.After(asked.Add(latestEnd)):
		return fmt.Errorf("check reply of Mapbox: %s ends %s later than asked", where,
			end.Sub(asked))
	}
	return nil
}
