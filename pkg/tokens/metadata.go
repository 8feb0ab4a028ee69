package tokens

import (
	"errors"
	"time"
)

// Metadata is what Mapbox stores about a permanent token. A field that the reply does not have is
// zero; only ID is always set.
type Metadata struct {
	ID          string    // names the token in [Client.Update] and [Client.Delete]
	Usage       Usage     // public or secret
	Client      string    // "api"
	Default     bool      // it is the account's default public token
	Note        string    // "" = none
	Scopes      []string  // in Mapbox's order
	Created     time.Time // UTC
	Modified    time.Time // UTC
	AllowedURLs []string  // empty = the token works everywhere
	Token       Token     // zero for a secret token, except in the reply to [Client.Create]
}

// metadataJSON is a [Metadata] on the wire. Only the id is required: every row has one, and without
// it a caller cannot name the token again.
type metadataJSON struct {
	ID          string    `json:"id"`
	Usage       Usage     `json:"usage"`
	Client      string    `json:"client"`
	Default     bool      `json:"default"`
	Note        string    `json:"note"`
	Scopes      []string  `json:"scopes"`
	Created     timestamp `json:"created"`
	Modified    timestamp `json:"modified"`
	AllowedURLs []string  `json:"allowedUrls"`
	Token       Token     `json:"token"`
}

func (m metadataJSON) metadata() (Metadata, error) {
	if m.ID == "" {
		return Metadata{}, errors.New("decode reply: a token without an id")
	}
	return Metadata{
		ID:          m.ID,
		Usage:       m.Usage,
		Client:      m.Client,
		Default:     m.Default,
		Note:        m.Note,
		Scopes:      m.Scopes,
		Created:     m.Created.Time,
		Modified:    m.Modified.Time,
		AllowedURLs: m.AllowedURLs,
		Token:       m.Token,
	}, nil
}

// metadata reads a reply that contains one token.
func (r *reply) metadata() (Metadata, error) {
	var body metadataJSON
	if err := r.decode(&body); err != nil {
		return Metadata{}, err
	}
	m, err := body.metadata()
	if err != nil {
		return Metadata{}, r.failed(OutcomeHappened, err)
	}
	return m, nil
}
