package tokens

import (
	"errors"
	"time"
)

// Metadata is what Mapbox keeps about a permanent token.
type Metadata struct {
	ID          string
	Usage       Usage
	Client      string // "api"
	Default     bool   // the account's default public token
	Note        string
	Scopes      []string
	Created     time.Time
	Modified    time.Time
	AllowedURLs []string
	Token       Token // a secret token's value is given once, by [Client.Create]; afterwards it is zero
}

// metadataJSON is a [Metadata] on the wire. Only the id is required: every row has one, and a caller that
// went on without it could not name the token again.
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
		return Metadata{}, errors.New("decode reply: a token without id")
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

// metadata reads the reply of a call that answers with one token.
func (r *reply) metadata() (Metadata, error) {
	var body metadataJSON
	if err := r.decode(&body); err != nil {
		return Metadata{}, err
	}
	m, err := body.metadata()
	if err != nil {
		return Metadata{}, r.failed(Happened, err)
	}
	return m, nil
}
