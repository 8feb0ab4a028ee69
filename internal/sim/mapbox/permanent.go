package mapbox

import (
	"net/http"
	"time"
)

// tokenBody is the JSON form of a permanent token.
type tokenBody struct {
	Client       string        `json:"client"`
	Note         *string       `json:"note"`
	Usage        string        `json:"usage"`
	ID           string        `json:"id"`
	Default      bool          `json:"default"`
	Scopes       []string      `json:"scopes"`
	Created      string        `json:"created"`
	Modified     string        `json:"modified"`
	AllowedURLs  []string      `json:"allowedUrls,omitempty"`
	Resources    []string      `json:"resources,omitempty"`
	Applications []application `json:"allowedApplications,omitempty"`
	Token        string        `json:"token,omitempty"`
}

// show returns a token's description. Only that of a public token contains the value.
func (s *Simulator) show(a *account, t *permanent) tokenBody {
	body := tokenBody{
		Client: "api", Note: t.Note, Usage: t.Usage, ID: t.ID, Default: t.Default, Scopes: t.Scopes,
		Created: stamp(t.Created), Modified: stamp(t.Modified),
		AllowedURLs: t.AllowedURLs, Resources: t.Resources, Applications: t.Applications,
	}
	if t.Usage == public {
		body.Token = s.value(a, t)
	}
	return body
}

// createPermanent creates a token. No other operation sends the value of a secret token.
func (s *Simulator) createPermanent(req request, a *account, by bearer) reply {
	if bad := req.fields.unknown("note", "scopes", "allowedUrls", "resources",
		"allowedApplications"); bad != "" {
		return unprocessable(bad)
	}
	var t permanent
	if bad := t.set(req.fields); bad != "" {
		return unprocessable(bad)
	}
	if t.Scopes == nil || !by.grants(t.Scopes) || a.lacks(t.Scopes) {
		return unprocessable("scopes are invalid")
	}
	created := s.add(a, t)
	created.Listed = created.Created.Add(s.cfg.ListLag)
	body := s.show(a, created)
	body.Token = s.value(a, created)
	return answer(s.cfg.CreatedStatus, body)
}

// update changes the members that the body has. null removes a note or a restriction. A token's
// usage never changes, because its value begins with the usage. So a public token cannot get secret
// scopes. A token without scopes cannot get any scope.
func (s *Simulator) update(req request, a *account, by bearer) reply {
	t, bad := a.find(req.id)
	if bad != nil {
		return *bad
	}
	next := *t
	if bad := next.set(req.fields); bad != "" {
		return unprocessable(bad)
	}
	if _, ok := req.fields["scopes"]; ok {
		gains := t.Usage == public && usageOf(next.Scopes) == secret ||
			len(t.Scopes) == 0 && len(next.Scopes) > 0
		if gains || !by.grants(next.Scopes) || a.lacks(next.Scopes) {
			return unprocessable("scopes are invalid")
		}
	}
	next.Modified = s.now().Truncate(time.Millisecond)
	*t = next
	return answer(http.StatusOK, s.show(a, t))
}

func (s *Simulator) delete(req request, a *account) reply {
	t, bad := a.find(req.id)
	if bad != nil {
		return *bad
	}
	delete(a.tokens, t.ID)
	return reply{status: http.StatusNoContent}
}

// find returns the token with this id. A token in the place of the id gives 400.
func (a *account) find(id string) (*permanent, *reply) {
	if looksLikeToken(id) {
		return nil, new(refuse(http.StatusBadRequest, "Bad Request"))
	}
	t, ok := a.tokens[id]
	if !ok {
		return nil, new(refuse(http.StatusNotFound, "Not Found"))
	}
	return t, nil
}

func unprocessable(message string) reply { return refuse(http.StatusUnprocessableEntity, message) }
