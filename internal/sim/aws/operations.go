package aws

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/tokenmint/tokenmint/internal/secrets"
)

// operation serves one request. It gets the body and returns the reply before encoding.
type operation func(ctx context.Context, body []byte) (any, error)

// decoded makes an operation from a function that takes a decoded request.
func decoded[In any](serve func(context.Context, In) (any, error)) operation {
	return func(ctx context.Context, body []byte) (any, error) {
		var in In
		if json.Unmarshal(body, &in) != nil { // its error may quote a secret value
			return nil, errSerialization
		}
		return serve(ctx, in)
	}
}

// service has the operations. The shapes of requests and replies are those of the API reference,
// without the parts that the package comment excludes.
type service struct{ mem *Memory }

type secretRef struct {
	ARN       string
	Name      string
	VersionID string `json:"VersionId,omitempty"`
}

func (s service) create(ctx context.Context, in struct {
	Name               string
	ClientRequestToken string
	SecretString       string
	SecretBinary       []byte
}) (any, error) {
	if in.SecretBinary != nil {
		return nil, errBinary
	}
	if err := s.mem.Create(ctx, in.Name, in.ClientRequestToken,
		secrets.NewValue(in.SecretString)); err != nil {
		return nil, err
	}
	d, err := s.mem.Describe(ctx, in.Name)
	created, _ := d.VersionAt(secrets.Current)
	return secretRef{d.ARN, d.Name, created}, err
}

func (s service) describe(ctx context.Context, in struct {
	SecretID string `json:"SecretId"`
}) (any, error) {
	d, err := s.mem.Describe(ctx, in.SecretID)
	return struct {
		ARN                string
		Name               string
		RotationEnabled    bool                `json:",omitempty"`
		CreatedDate        *epoch              `json:",omitempty"`
		LastChangedDate    *epoch              `json:",omitempty"`
		VersionIDsToStages map[string][]string `json:"VersionIdsToStages,omitempty"`
	}{d.ARN, d.Name, d.RotationEnabled, dated(d.Created), dated(d.Changed), d.Stages}, err
}

type versionReply struct {
	secretRef
	VersionStages []string `json:",omitempty"`
	CreatedDate   *epoch   `json:",omitempty"`
	SecretString  string   `json:",omitempty"`
}

func (s service) get(ctx context.Context, in struct {
	SecretID     string `json:"SecretId"`
	VersionID    string `json:"VersionId"`
	VersionStage string
}) (any, error) {
	read := s.mem.Get
	selector := in.VersionID
	if in.VersionID == "" && in.VersionStage != "" {
		read, selector = s.mem.GetStage, in.VersionStage
	}
	v, err := read(ctx, in.SecretID, selector)
	if err != nil {
		return nil, err
	}
	if in.VersionStage != "" && !slices.Contains(v.Stages, in.VersionStage) {
		return nil, fault{http.StatusBadRequest, "InvalidRequestException",
			fmt.Sprintf("version %s does not have the label %s", v.ID, in.VersionStage)}
	}
	d, err := s.mem.Describe(ctx, in.SecretID)
	return versionReply{secretRef{d.ARN, d.Name, v.ID}, v.Stages, (*epoch)(&v.Created),
		v.Value.Reveal()}, err
}

func (s service) put(ctx context.Context, in struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	SecretString       string
	SecretBinary       []byte
	VersionStages      []string
}) (any, error) {
	if in.SecretBinary != nil {
		return nil, errBinary
	}
	if len(in.VersionStages) == 0 {
		in.VersionStages = []string{secrets.Current} // the service's default
	}
	value := secrets.NewValue(in.SecretString)
	if err := s.mem.Put(ctx, in.SecretID, in.ClientRequestToken, value,
		in.VersionStages...); err != nil {
		return nil, err
	}
	d, err := s.mem.Describe(ctx, in.SecretID)
	stages := d.Stages[in.ClientRequestToken]
	return versionReply{secretRef: secretRef{d.ARN, d.Name, in.ClientRequestToken},
		VersionStages: stages}, err
}

func (s service) updateStage(ctx context.Context, in struct {
	SecretID            string `json:"SecretId"`
	VersionStage        string
	RemoveFromVersionID string `json:"RemoveFromVersionId"`
	MoveToVersionID     string `json:"MoveToVersionId"`
}) (any, error) {
	err := s.mem.UpdateStage(ctx, in.SecretID, in.VersionStage, in.RemoveFromVersionID,
		in.MoveToVersionID)
	if err != nil {
		return nil, err
	}
	d, err := s.mem.Describe(ctx, in.SecretID)
	return secretRef{ARN: d.ARN, Name: d.Name}, err
}

func (s service) list(ctx context.Context, in struct {
	SecretID          string `json:"SecretId"`
	IncludeDeprecated bool
}) (any, error) {
	type entry struct {
		VersionID     string   `json:"VersionId"`
		VersionStages []string `json:",omitempty"`
		CreatedDate   epoch
	}
	all, err := s.mem.Versions(ctx, in.SecretID)
	if err != nil {
		return nil, err
	}
	entries := []entry{}
	for _, v := range all {
		if len(v.Stages) > 0 || in.IncludeDeprecated {
			entries = append(entries, entry{v.ID, v.Stages, epoch(v.Created)})
		}
	}
	d, err := s.mem.Describe(ctx, in.SecretID)
	return struct {
		secretRef
		Versions []entry
	}{secretRef{ARN: d.ARN, Name: d.Name}, entries}, err
}

// epoch is a timestamp of AWS JSON: the seconds since 1970, as a number with a fraction.
type epoch time.Time

// dated returns nil for an unknown time, so that the reply omits it.
func dated(t time.Time) *epoch {
	if t.IsZero() {
		return nil
	}
	return (*epoch)(&t)
}

// MarshalJSON implements json.Marshaler.
func (e epoch) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(time.Time(e).UnixMilli())/1000, 'f', 3, 64), nil
}
