package mapbox

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// uploadTime is how long Mapbox works on an upload, unless a test changes it.
const uploadTime = 10 * time.Second

// The operations of the Uploads API (https://docs.mapbox.com/api/maps/uploads/). The credentials
// are for a storage of AWS; OpUploadFile stands for that.
//
//nolint:gosec // G101: they are names
const (
	OpUploadCredentials = "upload-credentials"
	OpUploadFile        = "upload-file"
	OpUploadCreate      = "upload-create"
	OpUploadStatus      = "upload-status"
	OpUploadList        = "upload-list"
)

// uploadScopes are the scopes that the API's page names.
var uploadScopes = map[string]string{
	OpUploadCredentials: "uploads:write", OpUploadCreate: "uploads:write",
	OpUploadStatus: "uploads:read", OpUploadList: "uploads:list",
}

// uploads are the files and the uploads of all accounts.
type uploads struct {
	takes  time.Duration // 0 = uploadTime
	stages []*stage
	all    []*upload
}

// stage is a place for one file. Its JSON form is the reply to a request for credentials.
type stage struct {
	Bucket       string `json:"bucket"`
	Key          string `json:"key"`
	AccessKeyID  string `json:"accessKeyId"`
	SecretKey    string `json:"secretAccessKey"`
	SessionToken string `json:"sessionToken"`
	URL          string `json:"url"`
	owner        string
	isStored     bool
}

// upload is in the form of the API's page.
type upload struct {
	Complete bool    `json:"complete"`
	Tileset  string  `json:"tileset"`
	Error    *string `json:"error"`
	ID       string  `json:"id"`
	Name     *string `json:"name"`
	Modified string  `json:"modified"`
	Created  string  `json:"created"`
	Owner    string  `json:"owner"`
	Progress float64 `json:"progress"`
	begun    time.Time
}

// routeUpload finds the operation of the Uploads API. It reports whether the path is one of it.
func (req *request) routeUpload(seg []string) bool {
	isFile := len(seg) == 2 && seg[0] == "upload-storage" && req.method == http.MethodPut
	switch {
	case isFile:
		req.op, req.id = OpUploadFile, seg[1]
		return true
	case len(seg) < 3 || seg[0] != "uploads" || seg[1] != "v1":
		return false
	}
	req.username = seg[2]
	switch {
	case len(seg) == 4 && seg[3] == "credentials" && req.method != http.MethodDelete:
		req.op = OpUploadCredentials // with GET too, as older clients send it
	case len(seg) == 4 && req.method == http.MethodGet:
		req.op, req.id = OpUploadStatus, seg[3]
	case len(seg) == 3:
		req.op = map[string]string{http.MethodGet: OpUploadList,
			http.MethodPost: OpUploadCreate}[req.method]
	}
	return true
}

func servesUploads(op string) bool {
	_, ok := uploadScopes[op]
	return ok || op == OpUploadFile
}

// serveUpload answers a request of the Uploads API whose token is valid.
func (s *Simulator) serveUpload(req request, owner string) reply {
	switch req.op {
	case OpUploadCredentials:
		return answer(http.StatusOK, s.stage(req, owner))
	case OpUploadCreate:
		return s.createUpload(req, owner)
	}
	mine := []upload{}
	for _, u := range s.uploads.all {
		if u.Owner == owner {
			mine = append(mine, s.progress(u))
		}
	}
	if req.op == OpUploadList {
		return answer(http.StatusOK, mine)
	}
	i := slices.IndexFunc(mine, func(u upload) bool { return u.ID == req.id })
	if i < 0 {
		return refuse(http.StatusNotFound, "Not Found")
	}
	return answer(http.StatusOK, mine[i])
}

func (s *Simulator) stage(req request, owner string) *stage {
	id := "upload " + strconv.Itoa(len(s.uploads.stages))
	st := &stage{
		Bucket:       "upload-storage",
		Key:          hex.EncodeToString(s.digest(id + " key")[:12]),
		AccessKeyID:  "ASIA" + strings.ToUpper(hex.EncodeToString(s.digest(id + " access")[:8])),
		SecretKey:    base64.StdEncoding.EncodeToString(s.digest(id + " secret")),
		SessionToken: base64.StdEncoding.EncodeToString(s.digest(id + " session")),
		owner:        owner,
	}
	st.URL = req.origin + "/" + st.Bucket + "/" + st.Key
	s.uploads.stages = append(s.uploads.stages, st)
	return st
}

// storeFile stands for the storage of AWS. It compares the key and the session, and does not verify
// the signature.
func (s *Simulator) storeFile(req request) reply {
	for _, st := range s.uploads.stages {
		isSigned := strings.Contains(req.authorization, "Credential="+st.AccessKeyID+"/") &&
			strings.Contains(req.authorization, "/s3/aws4_request")
		if st.Key == req.id && isSigned && req.session == st.SessionToken {
			st.isStored = true
			return reply{status: http.StatusOK}
		}
	}
	return refuse(http.StatusForbidden, "AccessDenied")
}

func (s *Simulator) createUpload(req request, owner string) reply {
	text := func(name string) (value string) {
		_ = json.Unmarshal(req.fields[name], &value) // "" is refused below
		return value
	}
	isOurs := slices.ContainsFunc(s.uploads.stages, func(st *stage) bool {
		return st.URL == text("url") && st.owner == owner && st.isStored
	})
	user, name, _ := strings.Cut(text("tileset"), ".")
	switch {
	case !isOurs:
		return refuse(http.StatusUnprocessableEntity, "url is not that of a staged file")
	case user != owner || name == "":
		return refuse(http.StatusUnprocessableEntity, "tileset must be username.name")
	}
	now := s.now()
	u := &upload{Tileset: text("tileset"), Owner: owner, begun: now, Created: stamp(now),
		ID: "cu" + hex.EncodeToString(s.digest("id of " + strconv.Itoa(len(s.uploads.all)))[:11])}
	if name := text("name"); name != "" {
		u.Name = &name
	}
	s.uploads.all = append(s.uploads.all, u)
	return answer(http.StatusCreated, s.progress(u))
}

// progress returns the upload as it is now.
func (s *Simulator) progress(u *upload) upload {
	takes := s.uploads.takes
	if takes == 0 {
		takes = uploadTime
	}
	at := *u
	at.Progress = min(1, float64(s.now().Sub(u.begun))/float64(takes))
	at.Complete, at.Modified = at.Progress == 1, stamp(s.now())
	return at
}

// postUploads sets how long Mapbox works on an upload.
func (s *Simulator) postUploads(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Takes span `json:"takes"`
	}
	err := readManagement(r, &body)
	if err == nil && body.Takes <= 0 {
		err = errors.New("takes must be a duration above zero, for example 2h")
	}
	if err != nil {
		badInput(w, err)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.uploads.takes = time.Duration(body.Takes)
	w.WriteHeader(http.StatusNoContent)
}
